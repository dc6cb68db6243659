"""GPX 1.1 for GPS units and phones: proposed passages as waypoints, fences as tracks with kilometre posts.

Positions are brought to WGS 84 here: a GPX file has no other, and some writers put metres into it as degrees. Names are
ASCII of at most ten characters, since old units cut them; what there is to say stands in the description.
"""

from __future__ import annotations

import string
from collections.abc import Iterator, Sequence
from pathlib import Path

import gpxpy.gpx
import numpy as np
import shapely

from rasters.errors import ExportError
from rasters.fences import Fence
from rasters.files.writing import replacing
from rasters.grid import Grid
from rasters.plain import plain_text
from scenarios.outputs.field.content import PROPOSED, FieldContent

__all__ = ["write_gpx"]

LONGEST_NAME = 10
POST_EVERY_KM = 10
POST_NEAR_EVERY_KM = 1
NEAR_KM = 5
MOST_NAMES = 5


def write_gpx(content: FieldContent, path: Path) -> Path:
    """Write waypoints and tracks of a scenario."""
    document = gpxpy.gpx.GPX()
    document.creator = "otkel"
    document.name = content.title
    document.description = "\n".join(f"{label}: {text}" for label, text in content.notes().items() if text)
    document.keywords = f"otkel, audience={content.audience}"
    document.waypoints = [*_passages(content), *_posts(content)]
    document.tracks = [_track(content, fences, number) for number, fences in enumerate(_lines(content))]
    _require_degrees(document, path)
    with replacing(path) as part:
        part.write_text(plain_text(document.to_xml(version="1.1")), encoding="utf-8")
    return path


def _passages(content: FieldContent) -> Iterator[gpxpy.gpx.GPXWaypoint]:
    for _, passage in content.passages.iterrows():
        symbol = "Flag, Blue" if passage["state"] == PROPOSED else "Flag, Green"
        yield gpxpy.gpx.GPXWaypoint(
            latitude=passage["lat_deg"],
            longitude=passage["lon_deg"],
            name=_short(passage["code"]),
            description=content.describe(passage),
            symbol=symbol,
            type=content.say("passage"),
            comment=passage["candidate"],
        )


def _posts(content: FieldContent) -> Iterator[gpxpy.gpx.GPXWaypoint]:
    """Every ten kilometres of a fence line, and every one near a proposed passage: A370 is km 370 of the first line."""
    say, grid = content.say, content.runs[0].grid
    named = say("{fence}, km {km}")
    for number, fences in enumerate(_lines(content)):
        near = content.passages.loc[content.passages["fence"].isin([f.id for f in fences]), "km"].to_numpy(float)
        for fence, km in ((one, km) for one in fences for km in _post_kilometres(one, near)):
            post = fence.point_at(1000.0 * km)
            lon, lat = _degrees(grid, np.array([[post.x, post.y]]))[0]
            yield gpxpy.gpx.GPXWaypoint(
                latitude=lat,
                longitude=lon,
                name=_short(f"{_letter(number)}{km}"),
                symbol="Dot, White",
                type=content.say("post"),
                description=f"{named.format(fence=content.fence_name(fence), km=km)}; {say(fence.geometry_status)}",
            )


def _lines(content: FieldContent) -> list[list[Fence]]:
    """The fences of each fence line, in order along it."""
    lines: dict[str, list[Fence]] = {}
    for fence in content.fences:
        lines.setdefault(fence.fence_line or fence.id, []).append(fence)
    return [sorted(fences, key=lambda fence: fence.start_m) for fences in lines.values()]


def _post_kilometres(fence: Fence, near: np.ndarray) -> list[int]:
    """Kilometres of its line at which a fence has a post."""
    every = np.rint(fence.posts_m(1000.0 * POST_NEAR_EVERY_KM) / 1000.0).astype(int)
    close = (np.abs(every[:, None] - near) <= NEAR_KM).any(axis=1)
    return [int(km) for km in every[close | (every % POST_EVERY_KM == 0)]]


def _track(content: FieldContent, fences: Sequence[Fence], number: int) -> gpxpy.gpx.GPXTrack:
    """A fence line, its parts as segments."""
    said = dict.fromkeys(f"{content.fence_name(fence)}; {content.say(fence.geometry_status)}" for fence in fences)
    more = f" (+ {len(said) - MOST_NAMES})" if len(said) > MOST_NAMES else ""
    track = gpxpy.gpx.GPXTrack(
        name=_short(f"FENCE-{_letter(number)}"), description=" / ".join(list(said)[:MOST_NAMES]) + more
    )
    for part in (part for fence in fences for part in fence.parts):
        points = _degrees(content.runs[0].grid, shapely.get_coordinates(part))
        track.segments.append(gpxpy.gpx.GPXTrackSegment([gpxpy.gpx.GPXTrackPoint(lat, lon) for lon, lat in points]))
    return track


def _degrees(grid: Grid, xy: np.ndarray) -> np.ndarray:
    """(n, 2) longitude and latitude [degrees, WGS 84] to 0.1 m."""
    lon, lat = grid.lonlat(xy[:, 0], xy[:, 1])
    return np.round(np.column_stack([lon, lat]), 6)


def _letter(number: int) -> str:
    """A, B, ... Z, AA, AB, ..., ZZ, AAA, ..."""
    more, last = divmod(number, 26)
    return (_letter(more - 1) if more else "") + string.ascii_uppercase[last]


def _short(name: str) -> str:
    """The name, which must be what every unit can show."""
    if not name.isascii() or len(name) > LONGEST_NAME:
        raise ExportError(f"{name!r}: names of waypoints are ASCII of at most {LONGEST_NAME} characters")
    return name


def _require_degrees(document: gpxpy.gpx.GPX, path: Path) -> None:
    """Nothing outside the globe: metres that were taken for degrees stop here."""
    points = [*document.waypoints, *(point for track in document.tracks for s in track.segments for point in s.points)]
    for point in points:
        if not (abs(point.latitude) <= 90.0 and abs(point.longitude) <= 180.0):
            raise ExportError(f"{path}: {point.latitude}, {point.longitude} is no position in degrees")
