"""Every command on machines that are set up oddly: each ends with a known exit code and its message, and no traceback."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import typer

from cli import app
from scenarios.land.inputs import read_inputs
from scenarios.land.prepared import prepare_species
from scenarios.study.load import resolve
from scenarios.synthetic.patrols import simulate_for_study
from tests.hostile import seeds
from tests.hostile.commands import Round, begin, finish, kernels, small_study
from tests.hostile.field_seeds import write_extract
from tests.support.foreign_files import CASES

__all__ = ["COMMANDS", "environment", "names_of_commands"]

Words = tuple[object, ...]
SEALED = "is read-only"
BBOX = ("--bbox", 60, 45, 61, 46)


@dataclass(frozen=True, slots=True)
class Desk:
    """What commands work on: a study that they may change, and what earlier commands made of it."""

    base: Path
    study: Path

    @property
    def results(self) -> Path:
        """Of `otkel run`."""
        return self.base / "results"

    def file(self, name: str) -> Path:
        """Any other input."""
        return self.base / name


def _import(kind: str, case: str) -> Callable[[Desk, Path], Words]:
    def words(desk: Desk, out: Path) -> Words:
        more = (
            ("--state", "proposed", "--design", "wires_out")
            if kind == "passages"
            else ("--geometry-status", "digitised")
        )
        return "import", kind, desk.file(f"import/{case}"), desk.study, *more

    return words


def _export(kind: str) -> Callable[[Desk, Path], Words]:
    return lambda desk, out: ("export", kind, desk.results, "--audience", "restricted", "--out", out)


def _study(name: str, *more: object) -> Callable[[Desk, Path], Words]:
    return lambda desk, out: (name, desk.study, "--species", "walker", *more, "--out", out)


COMMANDS: Mapping[str, Callable[[Desk, Path], Words]] = {
    "run": lambda desk, out: ("run", desk.study, "--species", "walker", "--no-cache", "--out", out),
    "plan": lambda desk, out: ("plan", desk.study),
    "check": lambda desk, out: ("check", desk.study),
    "explain": lambda desk, out: ("explain", desk.study, 56.2, 42.0),
    "corridors": _study("corridors"),
    "passages": _study("passages", "--budget", 3),
    "uncertainty": _study("uncertainty", "--draws", 4),
    "sensitivity": _study("sensitivity"),
    "window": _study("window", "--radius-km", 8, "--block-km", 4),
    "indicators": _study("indicators", "--year", "2020=closed", "--year", "2024=free", "--draws", 0),
    "compare": lambda desk, out: ("compare", desk.results),
    "doctor": lambda desk, out: ("doctor",),
    "keys": lambda desk, out: ("keys", "study"),
    "new": lambda desk, out: ("new", out, "--minimal", "--bounds", 60, 45, 61, 46),
    "region": lambda desk, out: ("region", *BBOX, "--offline", "--out", out),
    "circuitscape": lambda desk, out: ("circuitscape", desk.file("jobs/pair.ini"), "--out", out),
    "omniscape": lambda desk, out: ("omniscape", desk.file("jobs/from_resistance.ini"), "--out", out),
    "crime": lambda desk, out: ("crime", desk.study, desk.file("patrols"), "--out", out),
    "batch run": lambda desk, out: (
        "batch",
        "run",
        desk.study,
        "--matrix",
        desk.study / "matrix.yaml",
        "--no-cache",
        "--out",
        out,
    ),
    "batch merge": lambda desk, out: ("batch", "merge", desk.file("batch")),
    "evidence simulate": lambda desk, out: ("evidence", "simulate", desk.study, "--out", out),
    "evidence report": lambda desk, out: (
        "evidence",
        "report",
        desk.study,
        desk.file("traps"),
        "--no-ranking",
        "--out",
        out,
    ),
    "evidence share": lambda desk, out: ("evidence", "share", desk.study, desk.file("evidence"), "--out", out),
    "tracks simulate": lambda desk, out: ("tracks", "simulate", desk.study, "--days", 20, "--out", out),
    "tracks report": lambda desk, out: (
        "tracks",
        "report",
        desk.study,
        desk.file("tracks"),
        "--no-ranking",
        "--out",
        out,
    ),
    "species list": lambda desk, out: ("species", "list"),
    "species show": lambda desk, out: ("species", "show", "kulan"),
    "species new": lambda desk, out: ("species", "new", "mole", "--into", desk.study),
    "import fences": _import("fences", "ways.geojson"),
    "import passages": _import("passages", "gates.gpx"),
    "import reserves": _import("reserves", "earth.kmz"),
    "import cores": _import("cores", "earth.kmz"),
    "export study": lambda desk, out: ("export", "study", desk.study, "--out", out),
    "export sheet": lambda desk, out: ("export", "sheet", desk.results, "--out", f"{out}.pdf"),
    **{
        f"export {kind}": _export(kind)
        for kind in ("all", "csv", "geojson", "geopackage", "gpx", "kmz", "qgis", "report", "xlsx")
    },
}
"""Every command, as it is called on a desk to write into a folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Oddity:
    """How a machine is odd, and the exit codes that are right on it beside those of a usual one."""

    flags: tuple[str, ...] = ()
    set: dict[str, str] = field(default_factory=dict)
    codes: tuple[int, ...] = ()
    how: str = ""


def _oddities(base: Path) -> dict[str, Oddity]:
    under = str(base / "file" / "x")
    cache = {"NUMBA_CACHE_DIR": str(kernels())}
    own = {"HOME": under, "XDG_CACHE_HOME": under, "XDG_CONFIG_HOME": under, "MPLCONFIGDIR": under, "OTKEL_STEPS": ""}
    return {
        "python -O": Oddity(flags=("-O",)),
        "NUMBA_NUM_THREADS=0": Oddity(set={"NUMBA_NUM_THREADS": "0"}, codes=(3,)),
        "NUMBA_NUM_THREADS=two": Oddity(set={"NUMBA_NUM_THREADS": "two"}, codes=(3,)),
        "NUMBA_NUM_THREADS=99999999": Oddity(set={"NUMBA_NUM_THREADS": "99999999"}, codes=(3,)),
        "OTKEL_STEPS_GB=inf": Oddity(set={"OTKEL_STEPS_GB": "inf"}, codes=(3,)),
        "OTKEL_STEPS_GB=nan": Oddity(set={"OTKEL_STEPS_GB": "nan"}, codes=(3,)),
        "OTKEL_STEPS_GB=-1": Oddity(set={"OTKEL_STEPS_GB": "-1"}, codes=(3,)),
        "no home, no caches": Oddity(set=own | cache, codes=(8,)),
        "C locale": Oddity(set={"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
        "a dumb terminal": Oddity(set={"TERM": "dumb", "COLUMNS": "0"}),
        "a study on a read-only disk": Oddity(how=SEALED, codes=(8,)),
        "an output of 300 letters": Oddity(how="long", codes=(8,)),
        "closed standard output": Oddity(how="closed"),
    }


def names_of_commands() -> Iterator[str]:
    """As they are typed, without the program's name."""
    waiting = [("", typer.main.get_command(app))]
    while waiting:
        name, command = waiting.pop()
        inner = getattr(command, "commands", None)
        if inner is None:
            yield name
        else:
            waiting += [(f"{name} {key}".strip(), one) for key, one in inner.items()]


def environment(times: int) -> list[Round]:
    """Every command under each of the first so many oddities; 0 for all."""
    with TemporaryDirectory() as name:
        base = Path(name)
        desk = _furnished(base)
        (base / "file").write_text("", encoding="utf-8")
        usual = {what: _ended(desk, what, Oddity(), base / "usual") for what in COMMANDS}
        first = Round("usual")
        for what, (code, said) in usual.items():
            first.clean_end(code, said, (4,) if what == "region" else (0,), what)
        rounds = [first]
        print(f"  {first.told()}", flush=True)
        for number, (how, oddity) in enumerate(list(_oddities(base).items())[: times or None]):
            found = Round(how)
            for what in COMMANDS:
                code, said = _ended(desk, what, oddity, base / str(number))
                found.clean_end(code, said, (usual[what][0], *oddity.codes), what)
            print(f"  {found.told()}", flush=True)
            rounds.append(found)
        return rounds


def _furnished(base: Path) -> Desk:
    """Inputs of every command."""
    desk = Desk(base, small_study(base / "study"))
    seeds.write_jobs(_made(base / "jobs"))
    write_extract(_made(base / "region"))
    for case in CASES:
        if case.name in ("ways.geojson", "gates.gpx", "earth.kmz"):
            case.write(_made(base / "import"))
    resolved = resolve(str(desk.study))
    simulate_for_study(prepare_species(resolved, read_inputs(resolved), "walker"), _made(base / "patrols"), seed=1)
    before = {
        "results": ("run", desk.study, "--species", "walker", "--scenario", "closed", "--scenario", "free"),
        "batch": ("batch", "run", desk.study, "--matrix", desk.study / "matrix.yaml"),
        "traps": ("evidence", "simulate", desk.study),
        "evidence": ("evidence", "report", desk.study, base / "traps", "--no-ranking"),
        "tracks": ("tracks", "simulate", desk.study, "--days", 30),
    }
    for name, words in before.items():
        code, said = finish(begin(*words, "--out", base / name, temporary=base / "tmp"))
        if code:
            raise RuntimeError(f"{name}: {said}")
    return desk


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _ended(desk: Desk, what: str, oddity: Oddity, folder: Path) -> tuple[int, str]:
    """How a command ends that works on copies, so that each finds the same."""
    at = folder / what.replace(" ", "_")
    own = Desk(desk.base, at / "study")
    shutil.copytree(desk.study, own.study)
    out = at / ("n" * 300 if oddity.how == "long" else "out")
    words = COMMANDS[what](own, out)
    around: tuple[str, ...] = ()
    if oddity.how == SEALED:
        mount = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
        around = ("unshare", "-rm", "sh", "-c", mount, str(own.study))
    elif oddity.how == "closed":
        around = ("sh", "-c", 'exec "$0" "$@" >&-')
    process = begin(*words, temporary=at / "tmp", flags=oddity.flags, around=around, **oddity.set)
    ended = finish(process)
    shutil.rmtree(at, ignore_errors=True)
    return ended
