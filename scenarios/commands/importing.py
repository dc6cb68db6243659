"""`otkel import`: fences, passages, reserves and cores from files that people bring, into a study."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scenarios.commands.common import Summary, reported
from scenarios.commands.completing import one_of, studies_typed

if TYPE_CHECKING:
    from scenarios.progress import Reporter

__all__ = ["app"]

app = typer.Typer(
    name="import",
    help="Put fences, passages, reserves and cores of a file into a study: GPX, KML, KMZ, GeoJSON, GeoPackage, Shapefile, DXF, MapInfo.",
    no_args_is_help=True,
)
STATUSES = ("surveyed", "digitised", "schematic", "unknown")

FileArgument = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="GPX, KML, KMZ, GeoJSON, GeoPackage, FlatGeobuf, Shapefile, DXF, TAB or MIF."),
]
OwnStudy = Annotated[
    str,
    typer.Argument(
        metavar="STUDY", help="A study of your own: its folder or study.yaml.", autocompletion=studies_typed
    ),
]
LayerOption = Annotated[
    list[str] | None,
    typer.Option(
        "--layer", help="A layer of the file, or all; may be given several times. Default: the only one that fits."
    ),
]
MapOption = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="NAME=FIELD",
        help="NAME is the file's attribute FIELD; NAME= takes none. Default: attributes of usual names.",
    ),
]
CrsOption = Annotated[
    str | None,
    typer.Option(
        "--crs", help="Coordinate reference system of the file, where it says none or a wrong one: EPSG:28410."
    ),
]
EncodingOption = Annotated[
    str | None,
    typer.Option("--encoding", help="Encoding of the file's text, where it says none or a wrong one: cp1251."),
]
SwapOption = Annotated[bool, typer.Option("--swap-xy", help="The file has latitude before longitude, or y before x.")]
StatusOption = Annotated[
    str | None,
    typer.Option(
        "--geometry-status",
        help="How the shapes were made, for those that do not say: surveyed, digitised, schematic or unknown.",
        **one_of("geometry status", *STATUSES),
    ),
]
OriginOption = Annotated[
    str | None,
    typer.Option("--origin", help="Where the features are from, for those that do not say. Default: the file's name."),
]
ReplaceOption = Annotated[
    bool, typer.Option("--replace", help="A feature takes the place of the study's feature with the same id.")
]
DryOption = Annotated[bool, typer.Option("--dry-run", help="Only show what would come in; write nothing.")]


def _import(kind: str, *, reporter: Reporter, **given: Any) -> Summary:
    """With every parameter of a command, by its name."""
    from scenarios.importing.session import ImportRequest, import_features

    given["layers"], given["mapping"] = given.pop("layer") or (), given.pop("mapping") or ()
    return import_features(ImportRequest(kind=kind, **given), reporter)


@app.command()
@reported("import fences", listing=True)
def fences(
    reporter: Reporter,
    file: FileArgument,
    study: OwnStudy,
    layer: LayerOption = None,
    mapping: MapOption = None,
    crs: CrsOption = None,
    encoding: EncodingOption = None,
    swap_xy: SwapOption = False,
    geometry_status: StatusOption = None,
    origin: OriginOption = None,
    snap_m: Annotated[
        float,
        typer.Option(
            "--snap-m", min=0, max=10_000, help="Ends at most this far from another end or line are moved onto it [m]."
        ),
    ] = 1.0,
    fence_line: Annotated[
        str | None, typer.Option("--fence-line", help="Fence line of features that name none. Default: after the file.")
    ] = None,
    active: Annotated[bool, typer.Option(help="New fence lines stand in the study (fences.active).")] = True,
    replace: ReplaceOption = False,
    dry_run: DryOption = False,
) -> Summary:
    """Put fence lines of a file into a study: broken ways joined, duplicates removed, tiny gaps closed, the rest reported."""
    return _import("fences", **locals())


@app.command()
@reported("import passages", listing=True)
def passages(
    reporter: Reporter,
    file: FileArgument,
    study: OwnStudy,
    layer: LayerOption = None,
    mapping: MapOption = None,
    crs: CrsOption = None,
    encoding: EncodingOption = None,
    swap_xy: SwapOption = False,
    origin: OriginOption = None,
    state: Annotated[
        str | None,
        typer.Option(
            "--state",
            help="Of points that do not say: existing and planned become openings, proposed ones candidates.",
            **one_of("state", "existing", "planned", "proposed"),
        ),
    ] = None,
    design: Annotated[
        str | None,
        typer.Option("--design", help="Design of points that name none. Default: the only one of the study."),
    ] = None,
    fence_line: Annotated[
        str | None, typer.Option("--fence-line", help="Fence line of points that name none. Default: the nearest.")
    ] = None,
    dry_run: DryOption = False,
) -> Summary:
    """Put points of a file into a study as openings or candidates, each on its fence."""
    return _import("passages", **locals())


@app.command()
@reported("import reserves", listing=True)
def reserves(
    reporter: Reporter,
    file: FileArgument,
    study: OwnStudy,
    layer: LayerOption = None,
    mapping: MapOption = None,
    crs: CrsOption = None,
    encoding: EncodingOption = None,
    swap_xy: SwapOption = False,
    geometry_status: StatusOption = None,
    origin: OriginOption = None,
    replace: ReplaceOption = False,
    dry_run: DryOption = False,
) -> Summary:
    """Put outlines of reserves into the layer `reserve` of a study."""
    return _import("reserves", **locals())


@app.command()
@reported("import cores", listing=True)
def cores(
    reporter: Reporter,
    file: FileArgument,
    study: OwnStudy,
    layer: LayerOption = None,
    mapping: MapOption = None,
    crs: CrsOption = None,
    encoding: EncodingOption = None,
    swap_xy: SwapOption = False,
    geometry_status: StatusOption = None,
    origin: OriginOption = None,
    role: Annotated[
        str | None,
        typer.Option(
            "--role",
            help="Places that say none are where animals move from, or to: they join the routes of every species.",
            **one_of("role", "from", "to"),
        ),
    ] = None,
    replace: ReplaceOption = False,
    dry_run: DryOption = False,
) -> Summary:
    """Put outlines of places where animals live, and where they are to arrive, into a study."""
    return _import("cores", **locals())
