"""Vector files as people bring them: GPX, KML, KMZ, GeoJSON, GeoPackage, FlatGeobuf, Shapefile, DXF and MapInfo.

What a file is, its first bytes say, not its name. One is opened only where it holds what it shows: no archive within, no
document type with entities, no table that stands for others elsewhere. Nothing is corrected here, and what a driver could not read
is counted.
"""

from __future__ import annotations

import re
import shutil
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

import numpy as np

from rasters.errors import DataError, OptionError
from rasters.files.formats import first_bytes, is_packed, is_plain_vectors, require_named_system
from rasters.files.reading import existing
from rasters.files.scratch import scratch_folder
from rasters.files.text_codes import code_named, decoded, guessed, stated_by_shapefile
from rasters.files.vectors import require_distinct, unreadable
from rasters.plain import plain_text

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["ForeignFile", "ForeignLayer", "read_foreign"]

FORMATS = "GPX, KML, KMZ, GeoJSON, GeoPackage, FlatGeobuf, Shapefile, DXF, MapInfo TAB and MIF"
MOST_BYTES = 2**28
"""The most that a KMZ may unpack to; more is a bomb, or nothing that a person drew."""
DEEPEST = 100
"""Elements within each other in KML and GPX."""
DXF_START = re.compile(rb"\s*(?:999\s*\n[^\n]*\n\s*)*0\s*\n\s*SECTION", re.IGNORECASE)
MIF_START = re.compile(rb"\s*version\s+\d+", re.IGNORECASE)
ELSEWHERE = re.compile(rb"open\s+table|isseamless|type\s+(?:linked|raster|odbc|wms|wfs|tileserver)", re.IGNORECASE)
"""In a ``.tab``: its rows stand in another table, or come from a server."""
COMPANIONS = {
    ".dbf": ".shp",
    ".shx": ".shp",
    ".prj": ".shp",
    ".cpg": ".shp",
    ".qix": ".shp",
    ".mid": ".mif",
    ".dat": ".tab",
    ".map": ".tab",
    ".id": ".tab",
    ".ind": ".tab",
}
LATIN = "ISO-8859-1"
"""Every byte as one character, so that bytes come through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignLayer:
    """One layer as it is in the file.

    Parameters
    ----------
    frame : GeoDataFrame
        Its CRS is None where the file says none. Geometries may have heights and be of any kind; those that are none, such as a line
        of one vertex, are None.
    measured : bool
        Whether its vertices have measures, which are not read.
    """

    name: str
    frame: gpd.GeoDataFrame
    measured: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignFile:
    """A file and its layers with a geometry.

    Parameters
    ----------
    kind : str
        As people call the format.
    encoding : str
        Of its text, and who says so; empty where the format leaves no choice.
    notes : tuple of str
        What of it is not read.
    """

    path: Path
    kind: str
    layers: tuple[ForeignLayer, ...]
    encoding: str = ""
    notes: tuple[str, ...] = ()


def read_foreign(path: str | Path, encoding: str | None = None) -> ForeignFile:
    """Read every layer of a vector file that somebody brings.

    Parameters
    ----------
    path : path
    encoding : str, optional
        Code of its text, where a Shapefile, DXF or MapInfo file says none or a wrong one. Default: what the file says; else UTF-8 where
        all of it is, else what the bytes look like.

    Raises
    ------
    LayerNotFoundError
        No such file.
    OptionError
        An ``encoding`` that is none.
    DataError
        Not a format that is opened, damaged, larger than anything drawn, or one that names other files.
    """
    path = existing(path)
    kind = _kind(path)
    code = None if encoding is None else _asked_code(encoding)
    notes: list[str] = []
    with _openable(path, kind, notes) as file:
        layers, said = _layers(path, file, kind, code)
    return ForeignFile(path=path, kind=kind, layers=layers, encoding=said, notes=tuple(notes))


def _asked_code(encoding: str) -> str:
    try:
        return code_named(encoding, "--encoding")
    except DataError as error:
        raise OptionError(str(error)) from error


def _kind(path: Path) -> str:
    """The format, by the first bytes."""
    if main := COMPANIONS.get(path.suffix.casefold()):
        raise DataError(f"{path}: is a part of a data set; give its {main} file, with all parts beside it")
    if path.is_dir() or is_packed(path):
        raise DataError(f"{path}: is {'a folder' if path.is_dir() else 'packed with gzip'}; give the file within")
    head = first_bytes(path)
    text = head.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if head.startswith(b"PK"):
        return "KMZ"
    if DXF_START.match(text):
        return "DXF"
    if text.lstrip().startswith(b"!table"):
        _require_own_rows(path)
        return "MapInfo TAB"
    if MIF_START.match(text):
        return "MapInfo MIF"
    for start, what in (
        (b"AC10", "a DWG drawing: save it as DXF"),
        (b"AutoCAD Binary DXF", "a binary DXF: save it as text"),
    ):
        if head.startswith(start):
            raise DataError(f"{path}: is {what}")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(f"{path}: is UTF-16 text; save it as UTF-8")
    if not is_plain_vectors(path):
        raise DataError(f"{path}: not a vector file of a format that can be imported ({FORMATS})")
    require_named_system(path)
    return _plain_kind(path, head, text.lstrip())


def _plain_kind(path: Path, head: bytes, text: bytes) -> str:
    if text[:1] == b"<":
        with path.open("rb") as file:
            return _require_plain_xml(path, file, [])
    starts = ((b"SQLite", "GeoPackage"), (b"fgb", "FlatGeobuf"), (b"\x00\x00\x27\x0a", "Shapefile"))
    return next((kind for start, kind in starts if head.startswith(start)), "GeoJSON")


def _require_own_rows(path: Path) -> None:
    """DataError for a table of MapInfo that only points to other tables or to a server."""
    if ELSEWHERE.search(path.read_bytes()[:MOST_BYTES]):
        raise DataError(f"{path}: this table stands for others or for a server; give the table that holds the rows")


def _require_plain_xml(path: Path, file: Any, notes: list[str]) -> str:
    """KML or GPX, well-formed and without a document type; what it links to is noted."""
    roots: list[str] = []
    depth = links = 0
    parser = expat.ParserCreate()

    def begins(name: str, _: dict[str, str]) -> None:
        nonlocal depth, links
        roots.append(name) if not roots else None
        depth += 1
        links += name.rpartition(":")[2] == "NetworkLink"
        if depth > DEEPEST:
            raise DataError(f"{path}: elements are nested more than {DEEPEST} deep; nobody draws that")

    def ends(_: str) -> None:
        nonlocal depth
        depth -= 1

    def refuses(*_: Any) -> None:
        raise DataError(
            f"{path}: declares a document type, which can make a small file endless; remove the <!DOCTYPE ...>"
        )

    parser.StartElementHandler, parser.EndElementHandler = begins, ends
    parser.StartDoctypeDeclHandler, parser.EntityDeclHandler = refuses, refuses
    try:
        parser.ParseFile(file)
    except expat.ExpatError as error:
        hint = "; it may be in another code than it says: save it as UTF-8" if "token" in str(error) else ""
        raise DataError(
            f"{path}:{error.lineno}: is not well-formed XML ({expat.ErrorString(error.code)}){hint}"
        ) from error
    except (LookupError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as XML ({error}); save it as UTF-8") from error
    if links:
        notes.append(f"{links} network links to other files are not followed")
    return "GPX" if roots[0].rpartition(":")[2] == "gpx" else "KML"


@contextmanager
def _openable(path: Path, kind: str, notes: list[str]) -> Iterator[Path]:
    """A file that GDAL opens as it is: what is packed is unpacked, a lost index is made again, beside nobody's data."""
    if kind == "KML":
        with path.open("rb") as file:
            _require_plain_xml(path, file, notes)
    without_index = kind == "Shapefile" and not any(
        one.suffix.casefold() == ".shx" for one in path.parent.glob(f"{_literal(path.stem)}.*")
    )
    if kind != "KMZ" and not without_index:
        yield path
        return
    with scratch_folder("otkel-import-") as folder:
        if kind == "KMZ":
            yield _unpacked(path, folder, notes)
            return
        for part in path.parent.glob(f"{_literal(path.stem)}.*"):
            if part.suffix.casefold() in (".shp", ".dbf", ".prj", ".cpg"):
                shutil.copyfile(part, folder / f"{path.stem}{part.suffix.casefold()}")
        notes.append("its index (.shx) is not there and was made again")
        with _config(SHAPE_RESTORE_SHX="YES"):
            yield folder / f"{path.stem}.shp"


def _literal(text: str) -> str:
    return re.sub(r"([*?[])", r"[\1]", text)


@contextmanager
def _config(**options: str) -> Iterator[None]:
    import pyogrio

    pyogrio.set_gdal_config_options(options)
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(dict.fromkeys(options))


def _unpacked(path: Path, folder: Path, notes: list[str]) -> Path:
    """The document of a KMZ, in a folder of its own."""
    try:
        with zipfile.ZipFile(path) as archive:
            documents = [one for one in archive.namelist() if one.casefold().endswith(".kml")]
            if not documents:
                raise DataError(f"{path}: is a zip archive without a KML document; unpack it and give the file within")
            with archive.open(documents[0]) as file:
                content = file.read(MOST_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError) as error:
        raise DataError(f"{path}: the archive is damaged or locked ({error}); save it again") from error
    if len(content) > MOST_BYTES:
        raise DataError(f"{path}: unpacks to more than {MOST_BYTES / 2**20:.0f} MiB; no drawing is that large")
    if len(documents) > 1:
        notes.append(f"{len(documents) - 1} further documents in the archive are not read")
    document = folder / f"{_file_name(path.stem)}.kml"
    document.write_bytes(content)
    with document.open("rb") as file:
        if _require_plain_xml(path, file, notes) != "KML":
            raise DataError(f"{path}: its document is no KML; save it again")
    return document


def _file_name(stem: str) -> str:
    return re.sub(r"[^\w-]", "_", stem)[:80] or "doc"


def _layers(path: Path, file: Path, kind: str, code: str | None) -> tuple[tuple[ForeignLayer, ...], str]:
    import pyogrio

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of measures, told when the layer is read
            names = [str(name) for name, shape in pyogrio.list_layers(file) if shape is not None]
    except (ValueError, pyogrio.errors.DataSourceError) as error:
        raise DataError(f"{path}: cannot be read as {kind}: {_reason(error, file, path)}; save it again") from error
    if not names:
        raise DataError(f"{path}: holds no layer with places; it is a plain table")
    if kind == "Shapefile":
        raw = [_read(path, file, name, LATIN) for name in names]
        return _in_code(raw, code, stated_by_shapefile(path))
    try:
        return tuple(_read(path, file, name, code) for name in names), f"{code} (--encoding)" if code else ""
    except UnicodeDecodeError:
        return _in_code([_read(path, file, name, LATIN) for name in names], code, None)


def _reason(error: Exception, file: Path, path: Path) -> str:
    return plain_text(str(error)).replace(str(file), path.name)


def _read(path: Path, file: Path, name: str, encoding: str | None) -> ForeignLayer:
    import geopandas as gpd
    import pyogrio

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            frame = pyogrio.read_dataframe(
                file, layer=name, encoding=encoding, on_invalid="ignore", datetime_as_string=True
            )
        except UnicodeDecodeError:
            raise
        except unreadable() as error:
            reason = _reason(error, file, path)
            raise DataError(f"{path}, layer {name}: cannot be read: {reason}; save it again") from error
    if not isinstance(frame, gpd.GeoDataFrame):
        frame = gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries([None] * len(frame)))
    require_distinct(frame, f"{path}, layer {name}")
    measured = any("easured" in str(one.message) for one in told)
    return ForeignLayer(name=name, frame=frame if encoding == LATIN else _plain(frame), measured=measured)


def _plain(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Text without what no screen can show."""
    for column in frame.columns.drop(frame.geometry.name):
        if frame[column].dtype.kind not in "biufmM":
            frame[column] = [_plain_value(value) for value in frame[column]]
    return frame


def _plain_value(value: Any) -> Any:
    if isinstance(value, str):
        return plain_text(value).strip()
    if isinstance(value, list | tuple | np.ndarray):
        return plain_text(", ".join(map(str, value)))
    return value


def _in_code(
    raw: Sequence[ForeignLayer], asked: str | None, stated: tuple[str, str] | None
) -> tuple[tuple[ForeignLayer, ...], str]:
    """Layers whose text came through as bytes, in the code that is asked for, stated, or looks right."""
    bytes_of = [text.encode(LATIN, "ignore") for layer in raw for text in _texts(layer.frame)]
    likely = guessed(bytes_of)
    if likely == "ascii":
        return tuple(ForeignLayer(name=one.name, frame=_plain(one.frame), measured=one.measured) for one in raw), ""
    if asked is not None:
        code, said = asked, f"{asked} (--encoding)"
    elif stated is not None and not (stated[0] == "utf-8" and likely != "utf-8"):
        code, said = stated[0], f"{stated[0]} ({stated[1]})"
    else:
        why = (
            "nothing says how its text is written"
            if stated is None
            else f"{stated[1]} says {stated[0]}, which it is not"
        )
        code, said = likely, f"{likely}, as it looks: {why}; --encoding says otherwise"
    return tuple(_recoded(layer, code) for layer in raw), said


def _texts(frame: gpd.GeoDataFrame) -> Iterator[str]:
    yield from map(str, frame.columns)
    for column in frame.columns.drop(frame.geometry.name):
        yield from (value for value in frame[column] if isinstance(value, str))


def _recoded(layer: ForeignLayer, code: str) -> ForeignLayer:
    def again(value: Any) -> Any:
        return decoded(value.encode(LATIN, "ignore"), code) if isinstance(value, str) else value

    frame = layer.frame.copy()
    for column in frame.columns.drop(frame.geometry.name):
        if frame[column].dtype.kind not in "biufmM":
            frame[column] = [_plain_value(again(value)) for value in frame[column]]
    frame = frame.rename(columns={column: again(column) for column in frame.columns if column != frame.geometry.name})
    return ForeignLayer(name=layer.name, frame=frame, measured=layer.measured)
