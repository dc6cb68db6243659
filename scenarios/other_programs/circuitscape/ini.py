"""A Circuitscape INI file -> frozen settings; every fault in one go, unknown keys reported."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from connectivity.modes.conflicts import POLICIES, Policy
from rasters.errors import ConfigError, LayerNotFoundError

__all__ = ["DataType", "JobSettings", "Mode", "read_job"]

DataType = Literal["raster", "network"]
Mode = Literal["pairwise", "advanced", "one-to-all", "all-to-one"]

TRUE = ("true", "1", "yes", "on")
FALSE = ("false", "0", "no", "off", "none", "")
NO_POLICY = ("", "none", "not entered", "false")
SOLVERS = ("cg+amg", "cholmod", "pardiso", "accelerate", "mkl-pardiso")
PRECISIONS = ("double", "single", "none")
IGNORED = frozenset(
    (
        "version", "solver", "precision", "cholmod_batch_size", "use_64bit_indexing", "low_memory_mode", "parallelize",
        "max_parallel", "preemptive_memory_release", "print_timings", "print_rusages", "screenprint_log", "log_level",
        "log_file", "profiler_log_file", "suppress_messages", "meta_data_file", "compress_grids", "reclass_file",
    )
)  # fmt: skip
"""Keys that are known and have no effect here, because they say how to compute, not what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSettings:
    """What a Circuitscape job asks for; field names are its keys.

    Parameters
    ----------
    path : Path
        The INI file.
    base : Path
        Folder that relative paths start from.
    notes : tuple of str
        What was ignored, or is understood differently.
    """

    path: Path
    base: Path
    data_type: DataType = "raster"
    scenario: Mode = "pairwise"
    habitat_file: str = ""
    habitat_map_is_resistances: bool = True
    connect_four_neighbors_only: bool = False
    connect_using_avg_resistances: bool = False
    point_file: str = ""
    use_polygons: bool = False
    polygon_file: str = ""
    use_mask: bool = False
    mask_file: str = ""
    use_included_pairs: bool = False
    included_pairs_file: str = ""
    use_variable_source_strengths: bool = False
    variable_source_file: str = ""
    source_file: str = ""
    ground_file: str = ""
    ground_file_is_resistances: bool = True
    use_unit_currents: bool = False
    use_direct_grounds: bool = False
    remove_src_or_gnd: Policy = "keepall"
    output_file: str = ""
    write_cur_maps: bool = False
    write_cum_cur_map_only: bool = False
    write_max_cur_maps: bool = False
    write_volt_maps: bool = False
    set_null_currents_to_nodata: bool = False
    set_null_voltages_to_nodata: bool = False
    set_focal_node_currents_to_zero: bool = False
    log_transform_maps: bool = False
    write_as_tif: bool = False
    use_reclass_table: bool = False
    notes: tuple[str, ...] = ()

    @property
    def wants_currents(self) -> bool:
        """Whether any current map is asked for."""
        return self.write_cur_maps or self.write_cum_cur_map_only

    @property
    def prefix(self) -> str:
        """Start of the names of all output files: the name of ``output_file`` up to its first ``.out``."""
        return _file_name(self.output_file).split(".out")[0]

    def file(self, key: str) -> Path:
        """Where the file of a key is; LayerNotFoundError if it is not there."""
        path = resolve_path(self.base, getattr(self, key))
        if not path.is_file():
            raise LayerNotFoundError(
                f"{self.path}: {key} = {getattr(self, key)}: there is no file {path}; correct the path (relative paths start "
                f"from {self.base})"
            )
        return path

    def output_folder(self, out_dir: Path | None) -> Path:
        """Folder of the output files."""
        return resolve_path(self.base, self.output_file).parent if out_dir is None else Path(out_dir)


def _file_name(text: str) -> str:
    return text.replace("\\", "/").rsplit("/", 1)[-1]


def resolve_path(base: Path, text: str) -> Path:
    """A path of the INI file; backslashes are taken for folders where there is no such file."""
    plain = Path(base, text)
    return plain if plain.exists() or "\\" not in text else Path(base, text.replace("\\", "/"))


def read_job(path: str | Path) -> JobSettings:
    """Read and check a Circuitscape INI file.

    Parameters
    ----------
    path : path

    Raises
    ------
    ConfigError
        With every fault: file, line, key, value and what may stand there.
    LayerNotFoundError
        When the INI file itself is not there.

    Notes
    -----
    Sections and comments do not matter. Relative paths start from the working folder, as in Circuitscape, if the habitat
    file is found from there, or else from the first folder that has it among that of the INI file and those above it.
    """
    path = Path(path)
    if not path.is_file():
        raise LayerNotFoundError(f"{path}: there is no such file; give the INI file of a Circuitscape job")
    reading = _Reading(path, _lines(path))
    values = reading.values()
    settings = JobSettings(path=path, base=_base(path, str(values.get("habitat_file", ""))), **values)
    reading.faults += _missing(settings)
    if reading.faults:
        raise ConfigError("\n".join(f"{path}: {fault}" for fault in reading.faults))
    notes = (*reading.notes, *_elsewhere(settings), *_unused(settings))
    return JobSettings(**{**_as_dict(settings), "notes": notes})


def _as_dict(settings: JobSettings) -> dict[str, Any]:
    return {field.name: getattr(settings, field.name) for field in fields(settings)}


def _lines(path: Path) -> list[tuple[int, str]]:
    """Numbered lines that are neither empty, sections nor comments."""
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    numbered = ((i, line.strip()) for i, line in enumerate(text.splitlines(), start=1))
    return [(i, line) for i, line in numbered if line and line[0] not in "[#;"]


class _Reading:
    """Lines -> values of the keys, with faults and notes on the way."""

    def __init__(self, path: Path, lines: list[tuple[int, str]]) -> None:
        self.path = path
        self.faults: list[str] = []
        self.notes: list[str] = []
        self.given: dict[str, tuple[int, str]] = {}
        for number, line in lines:
            self._take(number, line)

    def _take(self, number: int, line: str) -> None:
        key, sign, value = line.partition("=" if "=" in line else ":")
        key, value = key.strip(), value.strip()
        if not sign or not key:
            self.faults.append(f"line {number}: {line!r} is not of the form key = value")
            return
        if key in self.given:
            self.notes.append(
                f"line {number}: {key} is given again; the later value {value!r} counts, as in Circuitscape"
            )
        self.given[key] = (number, value)

    def values(self) -> dict[str, Any]:
        """Of all keys that matter and are given."""
        out = {}
        for key, (number, text) in self.given.items():
            if key in READERS:
                out[key] = READERS[key](self, key, number, text)
            elif key == "solver":
                self.choice(key, number, text, SOLVERS)
            elif key == "precision" and self.choice(key, number, text, PRECISIONS) == "single":
                self.notes.append("precision = single: computed in double precision all the same")
            elif key not in IGNORED and key != "precision":
                self._unknown(key, number)
        return out

    def _unknown(self, key: str, number: int) -> None:
        near = difflib.get_close_matches(key, [*READERS, *IGNORED], n=1, cutoff=0.75)
        hint = f"; did you mean {near[0]}?" if near else ""
        self.notes.append(f"line {number}: unknown key {key} is ignored, as in Circuitscape{hint}")

    def boolean(self, key: str, number: int, text: str) -> bool:
        """Any spelling of true and false; a text in brackets, as Circuitscape's own placeholders, is false."""
        word = text.strip("'\"").lower()
        if word in TRUE:
            return True
        if word not in FALSE and word != "not entered" and not word.startswith("("):
            self.faults.append(f"line {number}: {key} = {text}: write True or False")
        return False

    def choice(self, key: str, number: int, text: str, choices: tuple[str, ...]) -> str:
        """One of several words, whatever its case and with - or _."""
        word = text.strip("'\"").lower().replace("_", "-")
        if word in choices:
            return word
        self.faults.append(f"line {number}: {key} = {text}: choose one of {', '.join(choices)}")
        return choices[0]

    def policy(self, key: str, number: int, text: str) -> Policy:
        """What to do with nodes that are source and ground; it matters in advanced mode only."""
        word = text.strip("'\"").lower()
        if word in POLICIES:
            return word
        if word not in NO_POLICY:
            advanced = self.given.get("scenario", (0, ""))[1].strip("'\"").lower() == "advanced"
            said = f"line {number}: {key} = {text}: choose one of {', '.join(POLICIES)}"
            (self.faults if advanced else self.notes).append(said)
        return "keepall"

    def name(self, key: str, number: int, text: str) -> str:
        """A file, or nothing where it says None or still holds a placeholder."""
        plain = text.strip("'\"")
        return "" if plain.lower() in ("none", "false", "not entered") or plain.startswith("(") else plain


def _readers() -> Mapping[str, Callable[[_Reading, str, int, str], Any]]:
    """How each key of `JobSettings` is read."""
    special: dict[str, Callable[[_Reading, str, int, str], Any]] = {
        "data_type": lambda r, *at: r.choice(*at, ("raster", "network")),
        "scenario": lambda r, *at: r.choice(*at, ("pairwise", "advanced", "one-to-all", "all-to-one")),
        "remove_src_or_gnd": _Reading.policy,
    }
    kinds: dict[str, Callable[[_Reading, str, int, str], Any]] = {"bool": _Reading.boolean, "str": _Reading.name}
    names = [field for field in fields(JobSettings) if field.name not in ("path", "base", "notes")]
    return {field.name: special.get(field.name) or kinds[str(field.type)] for field in names}


READERS = _readers()


def _missing(settings: JobSettings) -> list[str]:
    """Keys without which the job cannot run."""
    needed = {"habitat_file": True, "output_file": True, **_needed_files(settings)}
    absent = [key for key, wanted in needed.items() if wanted and not getattr(settings, key)]
    out = [f"{key} is not given, but needed here; name a file" for key in absent]
    if settings.data_type == "network" and settings.scenario in ("one-to-all", "all-to-one"):
        out.append(f"scenario = {settings.scenario}: networks have pairwise and advanced only")
    if settings.use_reclass_table:
        out.append("use_reclass_table = True: reclassification is not done here; reclassify the habitat map first")
    return out


def _needed_files(settings: JobSettings) -> dict[str, bool]:
    advanced, raster = settings.scenario == "advanced", settings.data_type == "raster"
    return {
        "point_file": not advanced,
        "source_file": advanced,
        "ground_file": advanced,
        "polygon_file": raster and settings.use_polygons,
        "mask_file": raster and settings.use_mask,
        "included_pairs_file": not advanced and settings.use_included_pairs,
        "variable_source_file": uses_strengths(settings),
    }


def uses_strengths(settings: JobSettings) -> bool:
    """Whether sources of different strength matter in this mode."""
    return settings.use_variable_source_strengths and settings.scenario in ("one-to-all", "all-to-one")


def _unused(settings: JobSettings) -> tuple[str, ...]:
    """Switches that are on and have no effect in this mode, as in Circuitscape 5."""
    advanced, network = settings.scenario == "advanced", settings.data_type == "network"
    idle = {
        "use_included_pairs": advanced,
        "use_variable_source_strengths": not uses_strengths(settings),
        "use_polygons": network,
        "use_mask": network,
        "set_null_currents_to_nodata": advanced or network,
        "set_null_voltages_to_nodata": advanced or network,
        "log_transform_maps": advanced or network,
        "set_focal_node_currents_to_zero": settings.scenario != "pairwise" or network,
        "write_max_cur_maps": advanced or network or not settings.wants_currents,
    }
    return tuple(
        f"{key} = True has no effect in {settings.scenario} mode on a {settings.data_type}, as in Circuitscape 5"
        for key, here in idle.items()
        if here and getattr(settings, key)
    )


def _elsewhere(settings: JobSettings) -> tuple[str, ...]:
    if settings.base == Path.cwd() or Path(settings.habitat_file).is_absolute():
        return ()
    return (f"relative paths start from {settings.base}, where the habitat file was found",)


def _base(path: Path, habitat: str) -> Path:
    folder = path.resolve().parent
    for base in (Path.cwd(), folder, *folder.parents):
        if habitat and resolve_path(base, habitat).is_file():
            return base
    return Path.cwd()
