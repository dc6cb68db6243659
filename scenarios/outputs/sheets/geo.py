"""A georeference on the pages of a PDF, so that a phone shows where one stands on the sheet."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scenarios.outputs.sheets.frame import MapFrame
from scenarios.outputs.sheets.page import POINT_MM

__all__ = ["Viewport", "georeferenced", "viewport_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewport:
    """Where a page's map lies on the earth.

    ``box`` is left, bottom, right, top on the page [points]; ``corners`` are latitude, longitude [degrees, WGS 84] of its
    lower left, upper left, upper right and lower right; ``wkt`` is the map's projection on WGS 84, in ESRI's dialect.
    """

    box: tuple[float, float, float, float]
    corners: tuple[float, ...]
    wkt: str


def viewport_of(frame: MapFrame) -> Viewport:
    """The georeference of a map.

    Everything in it is on WGS 84, as a phone's receiver is, so that no phone needs to know SK-42: a sheet on an SK-42
    zone is given as transverse Mercator on WGS 84 with the same meridian. Both differ by a shift and a turn, which the
    corners carry, and by less than a decimetre beyond that.
    """
    from pyproj import CRS

    box, projection = frame.box, frame.projection
    paper = np.array([[box.left, box.bottom], [box.left, box.top], [box.right, box.top], [box.right, box.bottom]])
    lon, lat = frame.lonlat(paper)
    if projection.zone is None:
        text = f"+proj=stere +lat_0={projection.lat:.9f} +lon_0={projection.lon:.9f} +k=1 +datum=WGS84 +units=m"
    else:
        text = f"+proj=tmerc +lat_0=0 +lon_0={projection.central_meridian:g} +k=1 +x_0=500000 +datum=WGS84 +units=m"
    edges = tuple(v / POINT_MM for v in (box.left, box.bottom, box.right, box.top))
    corners = tuple(round(float(v), 9) for pair in zip(lat, lon, strict=True) for v in pair)
    return Viewport(box=edges, corners=corners, wkt=CRS(text).to_wkt("WKT1_ESRI"))  # type: ignore[arg-type]


def georeferenced(pdf: bytes, viewports: Sequence[Viewport]) -> bytes:
    """The PDF with an ISO 32000 georeference on each page, in the order of ``viewports``."""
    from pypdf import PdfReader, PdfWriter
    from pypdf.generic import ArrayObject, NameObject

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf)))
    for page, viewport in zip(writer.pages, viewports, strict=True):
        page[NameObject("/VP")] = ArrayObject([_viewport(viewport)])
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


def _viewport(viewport: Viewport) -> Any:
    from pypdf.generic import ArrayObject, DictionaryObject, FloatObject, NameObject, TextStringObject

    def numbers(values: Sequence[float]) -> ArrayObject:
        return ArrayObject([FloatObject(f"{value:.9f}") for value in values])

    def named(**entries: Any) -> DictionaryObject:
        return DictionaryObject({NameObject(f"/{key}"): value for key, value in entries.items()})

    square = (0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.0)
    system = named(Type=NameObject("/PROJCS"), WKT=TextStringObject(viewport.wkt))
    measure = named(
        Type=NameObject("/Measure"),
        Subtype=NameObject("/GEO"),
        Bounds=numbers(square),
        GPTS=numbers(viewport.corners),
        LPTS=numbers(square),
        GCS=system,
    )
    return named(
        Type=NameObject("/Viewport"), Name=TextStringObject("map"), BBox=numbers(viewport.box), Measure=measure
    )
