"""Commands to begin with: what the keys of settings files mean, and a study to fill in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scenarios.commands.common import Summary, reported
from scenarios.commands.completing import one_of, studies_typed
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
    area: Annotated[
        Path | None, typer.Option(help="Vector file instead of --bounds: the bounds of its features.")
    ] = None,
    public: Annotated[
        bool, typer.Option("--public", help="Fetch relief and land cover that are not given, as otkel region does.")
    ] = False,
    dem: Annotated[Path | None, typer.Option(metavar="FILE", help="Relief [m]; with --landcover.")] = None,
    landcover: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Land cover in the codes of ESA WorldCover; with --dem.")
    ] = None,
    species: Annotated[
        list[str] | None,
        typer.Option(
            "--species", help="A species of the library; may be given several times. Needs relief and land cover."
        ),
    ] = None,
    fences: Annotated[Path | None, typer.Option(metavar="FILE", help="Fence lines, as for otkel import.")] = None,
    passages: Annotated[Path | None, typer.Option(metavar="FILE", help="Passages, as for otkel import.")] = None,
    reserves: Annotated[Path | None, typer.Option(metavar="FILE", help="Reserves, as for otkel import.")] = None,
    cores: Annotated[Path | None, typer.Option(metavar="FILE", help="Cores and targets, as for otkel import.")] = None,
    move_from: Annotated[
        list[str] | None,
        typer.Option("--from", help="Id of a core that animals move from; may be given several times."),
    ] = None,
    move_to: Annotated[
        list[str] | None, typer.Option("--to", help="Id of a place that they move to; may be given several times.")
    ] = None,
    geometry_status: Annotated[
        str | None,
        typer.Option(
            "--geometry-status",
            help="How the shapes of the files were made: surveyed, digitised, schematic or unknown.",
            **one_of("geometry status", "surveyed", "digitised", "schematic", "unknown"),
        ),
    ] = None,
    state: Annotated[
        str | None,
        typer.Option(
            "--state",
            help="Of passages: existing, planned or proposed.",
            **one_of("state", "existing", "planned", "proposed"),
        ),
    ] = None,
    example: Annotated[
        str | None,
        typer.Option("--example", help="Copy a bundled study with its data instead.", autocompletion=studies_typed),
    ] = None,
) -> Summary:
    """Begin a study of your own: asks at a terminal what is not said; or a commented template, or a copy of a bundled study."""
    from scenarios.beginning.guided import NewRequest, begin

    if minimal and bounds is None:
        raise typer.BadParameter("--minimal needs --bounds: otkel new NAME --minimal --bounds W S E N")
    request = NewRequest(
        folder=name,
        bounds=bounds,
        area=area,
        cell_m=cell_m,
        minimal=minimal,
        public=public,
        species=tuple(species or ()),
        dem=dem,
        landcover=landcover,
        fences=fences,
        passages=passages,
        reserves=reserves,
        cores=cores,
        move_from=tuple(move_from or ()),
        move_to=tuple(move_to or ()),
        geometry_status=geometry_status,
        state=state,
        example=example,
    )
    return begin(request, reporter)


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
    wdpa_country: Annotated[
        list[str] | None,
        typer.Option(
            "--wdpa-country",
            metavar="ISO3",
            help="Ask Protected Planet for a country's protected areas instead, such as KAZ, with your token in OTKEL_WDPA_TOKEN.",
        ),
    ] = None,
    overpass: Annotated[
        bool, typer.Option("--overpass", help="Ask Overpass for what --pbf would give; for small regions.")
    ] = False,
    address: Annotated[
        list[str] | None,
        typer.Option(
            "--address",
            metavar="NAME=URL",
            help="Where a source is asked: dem, worldcover, overpass or wdpa. Default: as the page on regions says.",
        ),
    ] = None,
) -> Summary:
    """Make a study of any region from public relief and land cover, and OpenStreetMap and reserves where you give them."""
    from scenarios.region.given import Given, bounds_of
    from scenarios.region.session import make_region, plan_region

    bounds = bounds_of(bbox, area)
    given = Given(
        dem=dem,
        landcover=landcover,
        pbf=pbf,
        wdpa=wdpa,
        wdpa_countries=wdpa_country or (),
        overpass=overpass,
        addresses=address or (),
    )
    if plan:
        return plan_region(bounds, cell_m, given)
    return make_region(
        out, bounds, species or ["urial"], reporter, given=given, cell_m=cell_m, offline=offline, most_mb=most_mb
    )
