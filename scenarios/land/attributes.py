"""Attributes of vector features as the studies' readers need them: there, unique; errors that name the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rasters.errors import DataError, FocalNodeError

if TYPE_CHECKING:
    import geopandas

__all__ = ["naming", "require_columns", "require_unique"]


@contextmanager
def naming(where: object) -> Iterator[None]:
    """Put ``where`` in front of an error about input data that does not say it yet: the file and key of the fault."""
    try:
        yield
    except (DataError, FocalNodeError) as error:
        if str(where) in str(error):
            raise
        raise type(error)(f"{where}: {error}") from error


DBF_NAME = 10
"""Letters of an attribute's name that a Shapefile keeps."""


def require_columns(
    features: geopandas.GeoDataFrame, path: Path, columns: list[str], more: Sequence[str] = ()
) -> geopandas.GeoDataFrame:
    """The features with these attributes, and ``more`` where they are there.

    Some drivers spell names in capitals and some not; Shapefiles cut them.

    Raises
    ------
    DataError
        Of those that are not there, with those that are.
    """
    cut = path.suffix.lower() in (".shp", ".dbf")
    alike = {
        name: [
            c
            for c in map(str, features.columns)
            if c.casefold() in (name.casefold(), name[:DBF_NAME].casefold() if cut else "")
        ]
        for name in (*columns, *more)
    }
    there = {found[0]: name for name, found in alike.items() if name not in features.columns and len(found) == 1}
    features = features.rename(columns={old: new for old, new in there.items() if old not in (*columns, *more)})
    missing = [c for c in columns if c not in features.columns]
    if missing:
        raise DataError(
            f"{path}: has no attribute {', '.join(missing)}; it has {', '.join(map(str, features.columns))}"
        )
    return features


def require_unique(path: Path, what: str, ids: list[str]) -> None:
    """DataError naming the first id that stands more than once."""
    twice = sorted({i for i in ids if ids.count(i) > 1})
    if twice:
        raise DataError(f"{path}: {what}: the id {twice[0]!r} stands {ids.count(twice[0])} times; ids must be unique")
