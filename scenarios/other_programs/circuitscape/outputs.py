"""Files as Circuitscape writes them: ASCII grids, resistance matrices, lists of nodes and branches."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from connectivity.modes.network_circuit import BranchCurrents
from rasters.arrays import Reals
from rasters.errors import ExportError, PlannerError
from rasters.files.scratch import scratch_folder
from scenarios.other_programs.circuitscape.rasters import NODATA, Header

__all__ = ["JobFiles", "job_files", "resistance_matrix"]


UNREACHED = -1.0
"""Written for pairs that nothing joins, or that were excluded."""
SMALLEST_BRANCH = 1e-6
"""Branch currents [A] that are not larger are not listed."""


class JobFiles:
    """The files of one job, written into a temporary folder until all are there."""

    def __init__(self, folder: Path, prefix: str, as_tif: bool) -> None:
        self.folder = folder
        self.prefix = prefix
        self.as_tif = as_tif
        self.names: list[str] = []

    def _path(self, end: str) -> Path:
        self.names.append(f"{self.prefix}_{end}")
        return self.folder / self.names[-1]

    def grid(
        self, end: str, values: Reals, header: Header, null: NDArray[np.bool_] | None = None, log: bool = False
    ) -> None:
        """``P_<end>.asc`` or ``.tif``; ``null`` cells hold -9999, and with ``log`` log10 of the values, -9999 where not > 0."""
        out = values
        if log:
            out = np.log10(values, out=np.full(values.shape, NODATA), where=values > 0)
        if null is not None:
            out = np.where(null, NODATA, out)
        if self.as_tif:
            _write_tif(self._path(f"{end}.tif"), out, header)
        else:
            _write_asc(self._path(f"{end}.asc"), out, header)

    def pairwise_resistances(self, numbers: Sequence[int], resistance: Reals) -> None:
        """``P_resistances.out``, a matrix with numbers in its first row and column, and ``P_resistances_3columns.out``."""
        table = resistance_matrix(numbers, resistance)
        with self._path("resistances.out").open("w", encoding="ascii") as file:
            np.savetxt(file, table[:1], fmt="%d")
            np.savetxt(file, table[1:], fmt=["%d"] + ["%.10g"] * len(numbers))
        upper = np.triu_indices(len(numbers), 1)
        at = np.asarray(numbers)
        columns = np.column_stack([at[upper[0]], at[upper[1]], table[1:, 1:][upper]])
        np.savetxt(self._path("resistances_3columns.out"), columns, fmt=["%d", "%d", "%.10g"])

    def focal_resistances(self, values: Mapping[int, float]) -> None:
        """``P_resistances.out`` with lines of number and resistance."""
        rows = [(number, value if np.isfinite(value) else UNREACHED) for number, value in values.items()]
        np.savetxt(self._path("resistances.out"), np.array(rows), fmt=["%d", "%.10g"])

    def nodes(self, end: str, nodes: Iterable[int], values: Reals) -> None:
        """``P_<end>.txt`` with lines of node and value."""
        np.savetxt(
            self._path(f"{end}.txt"), np.column_stack([list(nodes), values]), fmt=["%d", "%.10g"], delimiter="\t"
        )

    def branches(self, end: str, branches: BranchCurrents, offset: int) -> None:
        """``P_<end>.txt`` with lines of two nodes and the current between them [A], tiny ones left out."""
        large = branches.amps > SMALLEST_BRANCH
        rows = np.column_stack([branches.first[large] + offset, branches.second[large] + offset, branches.amps[large]])
        np.savetxt(self._path(f"{end}.txt"), rows, fmt=["%d", "%d", "%.10g"], delimiter="\t")


def _write_asc(path: Path, values: Reals, header: Header) -> None:
    head = (
        f"ncols         {header.ncols}\nnrows         {header.nrows}\nxllcorner     {header.xllcorner!r}\n"
        f"yllcorner     {header.yllcorner!r}\ncellsize      {header.cellsize!r}\nNODATA_value  -9999"
    )
    np.savetxt(path, values, fmt="%.10g", header=head, comments="")


def _write_tif(path: Path, values: Reals, header: Header) -> None:
    import rasterio
    from affine import Affine

    top = header.yllcorner + header.nrows * header.cellsize
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=header.nrows,
        width=header.ncols,
        count=1,
        dtype="float64",
        nodata=NODATA,
        crs=header.crs or None,
        transform=Affine(header.cellsize, 0, header.xllcorner, 0, -header.cellsize, top),
        compress="lzw",
        bigtiff="if_safer",
    ) as file:
        file.write(values, 1)


def resistance_matrix(numbers: Sequence[int], resistance: Reals) -> Reals:
    """(k + 1, k + 1) as Circuitscape writes it: numbers first, -1 where apart or excluded."""
    out = np.zeros((len(numbers) + 1, len(numbers) + 1))
    out[0, 1:] = out[1:, 0] = numbers
    out[1:, 1:] = np.where(np.isfinite(resistance), resistance, UNREACHED)
    return out


@contextmanager
def job_files(folder: Path, prefix: str, as_tif: bool = False) -> Iterator[JobFiles]:
    """Files of a job: they appear together under their names if all goes well, and not at all if not.

    Raises
    ------
    ExportError
        When the folder cannot be written to.
    """
    is_new = not os.path.lexists(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with scratch_folder(f".{prefix}.part-", folder) as part:
            files = JobFiles(part, prefix, as_tif)
            yield files
            for name in files.names:
                (part / name).replace(folder / name)
    except PlannerError:
        raise
    except OSError as error:
        raise ExportError(
            f"{folder}: could not be written: {error}; free the place or choose another folder (--out)"
        ) from error
    finally:
        if is_new:
            with suppress(OSError):
                folder.rmdir()
