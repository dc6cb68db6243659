"""Which program wrote a file, told by its first bytes: only the formats that the documentation lists are opened.

Other formats of GDAL may name further files or addresses (VRT, WMS, OGR VRT, link files under an ordinary name), so that
opening one would read elsewhere or call the network.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from pathlib import Path

from rasters.errors import DataError

__all__ = [
    "first_bytes",
    "gdal_name",
    "is_packed",
    "is_plain_vectors",
    "raster_driver",
    "require_named_system",
    "require_no_references",
    "require_plain_vectors",
    "whole_content",
]

HEAD = 4096
TIFF = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
ASCII_GRID = re.compile(rb"\s*(ncols|nrows|xllcorner|xllcenter|yllcorner|yllcenter|cellsize|dx|dy)\s+\S", re.IGNORECASE)
UNPACKED_BYTES = 2**30
"""The most text that a gzip file may hold: one of some kilobytes can unpack to more than any memory has."""
RASTERS = "GeoTIFF and ASCII grid (either may be gzipped)"
VECTORS = "GeoPackage, Shapefile, GeoJSON, FlatGeobuf, KML and GPX"

VECTOR_STARTS = (b"SQLite format 3\x00", b"\x00\x00\x27\x0a", b"fgb")
XML_ROOTS = {b"kml", b"gpx"}
XML_ROOT = re.compile(rb"<\s*(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)")
JSON_KIND = re.compile(rb'"(type|bbox|crs|name|features)"\s*:')
CRS_KEY = re.compile(r'"(?:c|\\u00[46]3)(?:r|\\u00[57]2)(?:s|\\u00[57]3)"\s*:\s*', re.IGNORECASE)
"""The key ``crs`` of GeoJSON, whichever way it is written."""
ELSEWHERE = re.compile(rb"/vsi|[a-z]{3,6}://|OVERVIEW_FILE", re.IGNORECASE)


def is_packed(path: Path) -> bool:
    """Whether a file is gzipped, whatever its name says."""
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def first_bytes(path: Path, size: int = HEAD) -> bytes:
    """Of the file, or of what is packed in it; DataError where the gzip file is damaged."""
    try:
        with gzip.open(path) if is_packed(path) else path.open("rb") as file:
            return bytes(file.read(size))
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(path, error) from error


def whole_content(path: Path) -> bytes:
    """All of it, unpacked; DataError where the gzip file is damaged or unpacks to more than `UNPACKED_BYTES`."""
    try:
        if not is_packed(path):
            return path.read_bytes()
        with gzip.open(path) as file:
            content = file.read(UNPACKED_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(path, error) from error
    if len(content) > UNPACKED_BYTES:
        raise DataError(
            f"{path}: unpacks to more than {UNPACKED_BYTES / 2**30:.1f} GiB of text; if that is right, unpack it and name "
            "the unpacked file"
        )
    return content


def _unreadable(path: Path, error: Exception) -> DataError:
    what = "is a folder" if path.is_dir() else f"the file is damaged or cannot be read: {error}"
    return DataError(f"{path}: {what}; write it again or unpack it")


def raster_driver(path: Path) -> str:
    """GDAL's driver for a raster; DataError for any format but GeoTIFF and ASCII grid."""
    head = first_bytes(path)
    if head[:4] in TIFF:
        return "GTiff"
    if ASCII_GRID.match(head.removeprefix(b"\xef\xbb\xbf")):
        return "AAIGrid"
    raise DataError(f"{path}: not a raster of a format that otkel opens ({RASTERS}){_seen(head)}; export it as GeoTIFF")


def gdal_name(path: Path) -> str:
    """How GDAL opens it: gzipped rasters through its own unpacking."""
    return f"/vsigzip/{path.resolve()}" if is_packed(path) else str(path)


def is_plain_vectors(path: Path) -> bool:
    """Whether a file is of a vector format that the documentation lists."""
    head = first_bytes(path)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] == b"<":
        root = XML_ROOT.search(text)
        return root is not None and root.group(1) in XML_ROOTS
    return head.startswith(VECTOR_STARTS) or bool(text[:1] == b"{" and JSON_KIND.search(text))


def require_plain_vectors(path: Path) -> None:
    """DataError unless a file is of a vector format that the documentation lists, and leads nowhere else."""
    if not is_plain_vectors(path):
        raise DataError(
            f"{path}: not a vector file of a format that otkel opens ({VECTORS}){_seen(first_bytes(path))}; export it as GeoPackage"
        )
    require_named_system(path)


def require_named_system(path: Path) -> None:
    """DataError where a reference system of GeoJSON is an address, from which GDAL would fetch it."""
    if first_bytes(path).removeprefix(b"\xef\xbb\xbf").lstrip()[:1] != b"{":
        return
    text = path.read_bytes().decode("utf-8", "replace")
    for key in CRS_KEY.finditer(text):
        try:
            system, _ = json.JSONDecoder().raw_decode(text, key.end())
        except (ValueError, RecursionError):
            system = None
        kind = system.get("type") if isinstance(system, dict) else None
        if isinstance(kind, str) and kind.casefold() in ("link", "url"):
            raise DataError(
                f"{path}: says by an address what its coordinate reference system is, and otkel fetches nothing; write the file again "
                "with a named system, such as EPSG:4326"
            )


def _seen(head: bytes) -> str:
    for start, what in (
        (b"PK", "a zip archive: unpack it"),
        (b"\x1f\x8b", "a gzip archive: unpack it"),
        (b"<VRTDataset", "a VRT"),
        (b"<OGRVRTDataSource", "an OGR VRT"),
        (b"<GDAL_WMS", "the address of a map service"),
        (b"\x89HDF", "HDF or NetCDF"),
        (b"CDF", "NetCDF"),
        (b"EHFA", "Erdas Imagine"),
        (b"\x89PNG", "a picture"),
        (b"\xff\xd8", "a picture"),
        (b"%PDF", "a PDF"),
    ):
        if head.lstrip().startswith(start):
            return f"; it is {what}"
    return "; it is empty" if not head else ""


def require_no_references(path: Path) -> None:
    """DataError where a companion of a raster (.ovr, .msk, .aux.xml) is not plain, or sends GDAL elsewhere."""
    for suffix in (".ovr", ".msk"):
        beside = path.with_name(path.name + suffix)
        if beside.is_file() and first_bytes(beside, 4) not in TIFF:
            raise DataError(f"{beside}: not a TIFF, as overviews and masks are; remove it")
    for beside in (path.with_name(path.name + ".aux.xml"), path.with_suffix(".aux.xml")):
        if beside.is_file() and ELSEWHERE.search(whole_content(beside)):
            raise DataError(
                f"{beside}: names another file or an address; otkel reads only what stands in the raster; remove it"
            )
