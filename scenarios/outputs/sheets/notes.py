"""What stands in words beside a map: what is not surveyed, and what grid, degrees, passages and relief are worth."""

from __future__ import annotations

from scenarios.outputs.audience import Audience
from scenarios.outputs.sheets.features import paths_show
from scenarios.outputs.sheets.frame import MapFrame
from scenarios.outputs.sheets.margin import Legend
from scenarios.outputs.sheets.source import SheetSource
from scenarios.outputs.words import is_schematic

__all__ = ["notes_of", "warning_text"]


def warning_text(source: SheetSource) -> str:
    """What is not surveyed, in one line; empty if everything is."""
    run, say = source.run, source.say
    parts = []
    if any(is_schematic(fence.geometry_status) for fence in run.cuts.fences):
        parts.append(say("SCHEMATIC fence lines, not surveyed"))
    if any(is_schematic(place.geometry_status) for place in run.places):
        parts.append(say("SCHEMATIC outlines of reserves"))
    if any("placeholder" in sentence.lower() for sentence in run.assumptions):
        parts.append(say("resistances are expert placeholders"))
    return "; ".join(parts)


def notes_of(source: SheetSource, frame: MapFrame, legend: Legend) -> list[str]:
    """What a reader must know to use grid, degrees, passages and relief."""
    say, operation = source.say, source.operation
    datum = say("WGS 84 to SK-42 by {name}, {code}, stated accuracy {m} m.").format(
        name=say(operation.name), code=operation.code, m=source.say(f"{operation.accuracy_m:g}")
    )
    cell = source.say(f"{source.run.grid.cell_width_m / 1000:g}")
    relief = say("Relief from cells of {km} km: shapes smaller than that do not show.").format(km=cell)
    contours = say("Contours are only as sharp as that.") if legend.contour_m else say("No contours at this scale.")
    hidden = not paths_show(frame) and any(path.x.size > 1 for path in source.run.paths)
    paths = [] if not hidden else [say("Modelled paths are not drawn at this scale: they are as coarse as the cells.")]
    rounded = say("Passages at whole kilometres of fence, positions rounded to 0.01\u00b0: true to about a kilometre.")
    withheld = say("Fences and places are drawn on a coarse grid; passages and routes are not shown to the public.")
    about = {Audience.PARTNER: [rounded], Audience.PUBLIC: [withheld]}.get(source.audience, [])
    on_sk42 = frame.projection.zone is not None or legend.passages
    return [
        *about,
        _grid_note(source, frame, legend.passages),
        *([datum] if on_sk42 else []),
        f"{relief} {contours}",
        *paths,
    ]


def _grid_note(source: SheetSource, frame: MapFrame, in_table: bool) -> str:
    """The sheet's projection, and what its numbers refer to."""
    say, projection = source.say, frame.projection
    if projection.zone is None:
        plane = say(
            "Stereographic projection about the middle of the sheet; scale true there, within {share} % at the edge."
        ).format(share=source.say(f"{_scale_error(frame):.2f}"))
        table = say("Degrees and MGRS: WGS 84; X and Y: SK-42, each place in its own zone.")
        return f"{plane} {table}" if in_table else f"{plane} {say('Degrees: WGS 84.')}"
    return say(
        "Grid: SK-42 (Pulkovo 1942), Gauss-Kr\u00fcger zone {zone}, central meridian {meridian}\u00b0 E (EPSG:{code}); X north, Y east "
        "with the zone's number. Degrees and MGRS: WGS 84."
    ).format(zone=projection.zone, meridian=f"{projection.central_meridian:g}", code=28400 + projection.zone)


def _scale_error(frame: MapFrame) -> float:
    """Scale error of the stereographic projection in the map's corner [%]."""
    west, south, east, north = frame.bounds
    return 100.0 * ((east - west) ** 2 + (north - south) ** 2) / 4.0 / (4.0 * 6_371_000.0**2)
