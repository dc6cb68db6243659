"""`otkel new`: where, which species, which files there are; then the study, with what the files hold, and the command that comes next."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from rasters.errors import OptionError
from rasters.plain import unknown
from scenarios.exit_codes import ExitCode
from scenarios.importing.account import Imported
from scenarios.importing.asking import Asker, asker_of
from scenarios.importing.session import ImportRequest, import_features
from scenarios.importing.settings import set_routes
from scenarios.keys.new_study import checked_bounds, copy_study, require_new, write_minimal
from scenarios.land.inputs import read_places, study_grid
from scenarios.progress import Reporter
from scenarios.region.given import Given, bounds_of
from scenarios.region.profiles import species_names
from scenarios.region.session import make_region
from scenarios.study.load import resolve

__all__ = ["Begun", "NewRequest", "begin"]

PUBLIC, FILES, LATER = "public", "files", "later"
GROUND = {
    PUBLIC: "public: fetched as `otkel region` does",
    FILES: "files of mine",
    LATER: "later: a template says what to put where",
}
"""Where relief and land cover come from."""
KINDS = ("fences", "cores", "reserves", "passages")
"""In the order in which they come in: passages need fences."""
NEEDED = (
    "say where the study is: --bounds W S E N, or --area FILE; or --example NAME copies a bundled one. Relief and land cover: "
    "--dem FILE --landcover FILE with --species NAME, or --public, or neither for a template to fill in. At a terminal "
    "`otkel new NAME` asks"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRequest:
    """What is asked for; the options of `otkel new`.

    Parameters
    ----------
    folder : Path
        New; its name is the study's id.
    bounds : four floats, optional
        West, south, east, north [degrees].
    area : Path, optional
        Vector file instead: the bounds of its features.
    public : bool
        Whether relief and land cover that are not given are fetched.
    species : sequence of str
        Of the library; with relief and land cover only.
    move_from, move_to : sequence of str
        Ids of cores, as they are in the study then.
    example : str, optional
        A bundled study that is copied instead of all this.
    """

    folder: Path
    bounds: Sequence[float] | None = None
    area: Path | None = None
    cell_m: float | None = None
    minimal: bool = False
    public: bool = False
    species: Sequence[str] = ()
    dem: Path | None = None
    landcover: Path | None = None
    fences: Path | None = None
    passages: Path | None = None
    reserves: Path | None = None
    cores: Path | None = None
    move_from: Sequence[str] = ()
    move_to: Sequence[str] = ()
    geometry_status: str | None = None
    state: str | None = None
    example: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A study that was begun, what came into it, and what is missing.

    Parameters
    ----------
    begun : summary
        Of the study without the files.
    imported : tuple of Imported
        One for each file.
    """

    folder: Path
    begun: Any
    imported: tuple[Imported, ...] = ()
    exit_code: ExitCode = ExitCode.OK

    @property
    def missing(self) -> tuple[str, ...]:
        """Files that are to be put there."""
        return tuple(name for name in getattr(self.begun, "missing", ()) if not (self.folder / name).is_file())

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        rest = {"missing": list(self.missing), "imported": [one.as_dict() for one in self.imported]}
        return {**self.begun.as_dict(), **rest}

    def print(self, console: Console) -> None:
        """What was written, the table of each file, and the command that comes next."""
        if not self.imported:
            self.begun.print(console)
            return
        console.print(f"{self.folder}: begun")
        for one in self.imported:
            console.print(f"\n{one.kind} from {one.file}")
            for entry in one.entries:
                one.print_entry(entry, console)
        if self.missing:
            console.print(
                f"\nput there: {', '.join(self.missing)}; {self.folder / 'data/README.md'} says what each must have"
            )
        console.print("\nreplace what is still marked PLACEHOLDER in study.yaml and the species' files")
        console.print(f"then: otkel check {self.folder}")


def begin(request: NewRequest, reporter: Reporter) -> Begun:
    """Ask what is not said where somebody answers, write the study, import the files; all of it or nothing.

    Raises
    ------
    OptionError
        What is missing, all of it in one message, where nobody answers; options that do not go together.
    """
    asker = asker_of(reporter)
    require_new(request.folder)
    if request.example is not None:
        if replace(request, example=None) != NewRequest(folder=request.folder):
            raise OptionError("--example: copies a study as it is; give it alone, or leave it out")
        return Begun(folder=request.folder, begun=copy_study(request.folder, request.example))
    request = _asked(request, asker) if asker.answers and not request.minimal else request
    bounds = _where(request)
    _require_together(request)
    try:
        begun = _study(request, bounds, reporter)
        done = _imported(request, asker, reporter)
        _routes(request, asker)
    except BaseException:
        shutil.rmtree(request.folder, ignore_errors=True)
        raise
    return Begun(folder=request.folder, begun=begun, imported=done)


def _where(request: NewRequest) -> tuple[float, float, float, float]:
    if request.bounds is None and request.area is None:
        raise OptionError(f"otkel new {request.folder.name}: {NEEDED}")
    if request.bounds is not None and request.area is not None:
        raise OptionError("--area: give it or --bounds, not both")
    return checked_bounds(bounds_of(request.bounds, request.area), "--area" if request.area else "--bounds")


def _with_ground(request: NewRequest) -> bool:
    return request.public or request.dem is not None or request.landcover is not None


def _require_together(request: NewRequest) -> None:
    """OptionError for what needs something else; for files that are not there."""
    lacking = [
        option for option, given in (("--dem", request.dem), ("--landcover", request.landcover)) if given is None
    ]
    if len(lacking) == 1 and not request.public:
        raise OptionError(f"{lacking[0]}: relief and land cover go together; give both, or --public to fetch the other")
    for name in request.species:
        if name not in species_names():
            raise OptionError(f"--species: {unknown('species', name, species_names())}")
    if request.species and not _with_ground(request):
        raise OptionError(
            "--species: needs relief and land cover (--dem and --landcover, or --public); a template has a species to fill in"
        )
    if not request.species and _with_ground(request):
        raise OptionError(f"--species: say which; choose of {', '.join(species_names())}")
    if request.minimal and (_with_ground(request) or any(getattr(request, kind) for kind in KINDS)):
        raise OptionError("--minimal: writes a template alone; leave it out to put files in")
    for option in ("dem", "landcover", *KINDS):
        path = getattr(request, option)
        if path is not None and not path.exists():
            raise OptionError(f"--{option} {path}: is not there")
    if (request.move_from or request.move_to) and request.cores is None:
        raise OptionError("--from and --to: name places of --cores FILE")
    if request.passages is not None and request.fences is None:
        raise OptionError("--passages: needs --fences FILE, on which they stand")


def _study(request: NewRequest, bounds: tuple[float, float, float, float], reporter: Reporter) -> Any:
    west, south, east, north = bounds
    if not _with_ground(request):
        return write_minimal(request.folder, (west, south, (east + 180) % 360 - 180, north), cell_m=request.cell_m)
    given = Given(dem=request.dem, landcover=request.landcover)
    place = (west, south, (east + 180) % 360 - 180, north)
    return make_region(request.folder, place, request.species, reporter, given=given, cell_m=request.cell_m)


def _imported(request: NewRequest, asker: Asker, reporter: Reporter) -> tuple[Imported, ...]:
    done = []
    for kind in KINDS:
        path = getattr(request, kind)
        if path is not None:
            more: dict[str, Any] = {"geometry_status": request.geometry_status}
            if kind == "passages":
                more = {"state": request.state}
            done.append(
                import_features(ImportRequest(kind=kind, file=path, study=str(request.folder), **more), reporter)
            )
    return tuple(done)


def _routes(request: NewRequest, asker: Asker) -> None:
    """Who moves between which places, where it is said."""
    if request.cores is None:
        return
    resolved = resolve(str(request.folder))
    there = list(read_places(resolved, study_grid(resolved)))
    sides = {"from": list(request.move_from), "to": list(request.move_to)}
    for side, ids in sides.items():
        if not ids and asker.answers:
            words = f"Which places do animals move {side}? Ids with commas between, of {', '.join(there)}"
            ids += [one.strip() for one in asker.text(words, "", f"--{side}").split(",") if one.strip()]
        for one in ids:
            if one not in there:
                raise OptionError(f"--{side}: {unknown('place', one, there)}")
    if sides["from"] and sides["to"]:
        set_routes(resolved, sides["from"], sides["to"])
    elif sides["from"] or sides["to"]:
        raise OptionError(f"--{'to' if sides['from'] else 'from'}: routes need both; say it too")


def _asked(request: NewRequest, asker: Asker) -> NewRequest:
    """What is not said, by question."""
    if request.bounds is None and request.area is None:
        request = replace(request, **_place(asker))
    if not _with_ground(request):
        chosen = asker.choose(
            "Where do relief and land cover come from?", list(GROUND.values()), "--public, --dem, --landcover"
        )
        ground = next(name for name, words in GROUND.items() if words == chosen)
        request = replace(request, public=ground == PUBLIC)
        if ground == FILES:
            files: dict[str, Any] = {
                one: _file(asker, words, f"--{one}") for one, words in (("dem", "relief"), ("landcover", "land cover"))
            }
            request = replace(request, **files)
    if _with_ground(request) and not request.species:
        request = replace(request, species=(asker.choose("Which species?", species_names(), "--species"),))
    for kind in KINDS:
        if getattr(request, kind) is None and (kind != "passages" or request.fences is not None):
            found: dict[str, Any] = {kind: _file(asker, kind, f"--{kind}")}
            request = replace(request, **found)
    return request


def _file(asker: Asker, words: str, option: str) -> Path | None:
    answer = asker.text(f"A file with {words}?", "", option)
    return Path(answer) if answer else None


def _place(asker: Asker) -> dict[str, Any]:
    """Four numbers, or a file."""
    answer = asker.text("Where? West, south, east and north in degrees, or a vector file", "", "--bounds or --area")
    try:
        numbers = [float(one) for one in answer.replace(",", " ").split()]
    except ValueError:
        return {"area": Path(answer)}
    if len(numbers) != 4:
        raise OptionError(f"--bounds: {answer!r}: give west, south, east and north in degrees, e.g. 55 42 57.5 44")
    return {"bounds": tuple(numbers)}
