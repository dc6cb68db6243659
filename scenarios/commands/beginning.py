"""Commands to begin with: what the keys of settings files mean, and a study to fill in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scenarios.commands.common import Summary, reported
from scenarios.commands.completing import studies_typed
from scenarios.region.limits import MOST_MB

if TYPE_CHECKING:
    from scenarios.progress import Reporter

__all__ = ["keys", "new", "region"]


@reported("keys", listing=True)
def keys(
    reporter: Reporter,
    section: Annotated[
        str | None,
        typer.Argument(
            metavar="SECTION",
            help="A kind of file (study, species, scenario, matrix, evidence, crime) or a key of one, such as fences or "
            "study.candidates.every_m. Default: all.",
        ),
    ] = None,
    json_schema: Annotated[
        bool, typer.Option("--json-schema", help="JSON Schema of a kind of file, for editors. Default: of the study.")
    ] = False,
) -> Summary:
    """Show every key of settings files: its meaning, what may stand there, its unit, its default and an example."""
    from scenarios.keys.listing import list_keys

    return list_keys(section, as_schema=json_schema)


@reported("new", listing=True)
def new(
    reporter: Reporter,
    name: Annotated[Path, typer.Argument(metavar="NAME", help="Folder to write; its name is the id of the study.")],
    minimal: Annotated[
        bool,
        typer.Option("--minimal", help="Write only the keys that must be there, each with a comment; needs --bounds."),
    ] = False,
    bounds: Annotated[
        tuple[float, float, float, float] | None,
        typer.Option(metavar="W S E N", help="Region in degrees (WGS 84): west, south, east, north."),
    ] = None,
    cell_m: Annotated[
        float | None, typer.Option("--cell-m", help="Cell size in metres. Default: what suits the region.")
    ] = None,
    example: Annotated[
        str,
        typer.Option(
            "--example", help="Without --minimal: the bundled study that is copied.", autocompletion=studies_typed
        ),
    ] = "ustyurt",
) -> Summary:
    """Begin a study of your own: a commented minimal one on a grid that suits the region, or a copy of a bundled one."""
    from scenarios.keys.new_study import copy_study, write_minimal

    if minimal != (bounds is not None):
        raise typer.BadParameter("--minimal and --bounds belong together: otkel new NAME --minimal --bounds W S E N")
    if bounds is None and cell_m is not None:
        raise typer.BadParameter("--cell-m is for --minimal; a copy keeps its cells")
    if bounds is None:
        return copy_study(name, example)
    return write_minimal(name, bounds, cell_m=cell_m)


@reported("region", listing=True)
def region(
    reporter: Reporter,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write; its name is the id of the study.")],
    bbox: Annotated[
        tuple[float, float, float, float] | None,
        typer.Option(metavar="W S E N", help="Region in degrees (WGS 84): west, south, east, north."),
    ] = None,
    area: Annotated[Path | None, typer.Option(help="Vector file instead: the bounds of its features.")] = None,
    cell_m: Annotated[
        float | None, typer.Option("--cell-m", help="Cell size in metres. Default: what suits the region.")
    ] = None,
    species: Annotated[
        list[str] | None,
        typer.Option("--species", help="A bundled species; may be given several times. Default: urial."),
    ] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Only list what would be fetched, with megabytes.")] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="Fetch nothing; use what is kept of earlier times.")
    ] = False,
    dem: Annotated[Path | None, typer.Option(metavar="FILE", help="Relief instead of Copernicus DEM [m].")] = None,
    landcover: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Land cover instead of ESA WorldCover, in its codes.")
    ] = None,
    pbf: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="OpenStreetMap extract (.osm.pbf): fences, gates, roads, rail, water, borders, settlements, reserves.",
        ),
    ] = None,
    most_mb: Annotated[
        float, typer.Option("--most-mb", min=0, help="Fetch nothing when it would be more than this [MB].")
    ] = MOST_MB,
    wdpa: Annotated[Path | None, typer.Option(metavar="FILE", help="Protected areas of WDPA: polygons.")] = None,
    overpass: Annotated[
        bool, typer.Option("--overpass", help="Ask Overpass for what --pbf would give; for small regions.")
    ] = False,
    address: Annotated[
        list[str] | None,
        typer.Option(
            "--address",
            metavar="NAME=URL",
            help="Where a source is asked: dem, worldcover or overpass. Default: as the page on regions says.",
        ),
    ] = None,
) -> Summary:
    """Make a study of any region from public relief and land cover, and OpenStreetMap and reserves where you give them."""
    from scenarios.region.given import Given, bounds_of
    from scenarios.region.session import make_region, plan_region

    bounds = bounds_of(bbox, area)
    given = Given(dem=dem, landcover=landcover, pbf=pbf, wdpa=wdpa, overpass=overpass, addresses=address or ())
    if plan:
        return plan_region(bounds, cell_m, given)
    return make_region(
        out, bounds, species or ["urial"], reporter, given=given, cell_m=cell_m, offline=offline, most_mb=most_mb
    )
