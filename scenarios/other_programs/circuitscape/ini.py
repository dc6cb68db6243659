"""A Circuitscape INI file -> frozen settings; every fault in one go, unknown keys reported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from connectivity.modes.conflicts import POLICIES, Policy
from scenarios.other_programs.ini import ForeignJob, Reader, Reading, base_folder, plain_path, read_lines

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
        "version",
        "cholmod_batch_size",
        "use_64bit_indexing",
        "low_memory_mode",
        "parallelize",
        "max_parallel",
        "preemptive_memory_release",
        "print_timings",
        "print_rusages",
        "screenprint_log",
        "log_level",
        "log_file",
        "profiler_log_file",
        "suppress_messages",
        "meta_data_file",
        "compress_grids",
        "reclass_file",
    )
)
"""Keys that are known and have no effect here, because they say how to compute, not what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSettings(ForeignJob):
    """What a Circuitscape job asks for; field names are its keys."""

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

    @property
    def wants_currents(self) -> bool:
        """Whether any current map is asked for."""
        return self.write_cur_maps or self.write_cum_cur_map_only

    @property
    def prefix(self) -> str:
        """Start of the names of all output files: the name of ``output_file`` up to its first ``.out``."""
        return self.output_file.replace("\\", "/").rsplit("/", 1)[-1].split(".out")[0]

    def output_folder(self, out_dir: Path | None) -> Path:
        """Folder of the output files."""
        return plain_path(self.base, self.output_file).parent if out_dir is None else Path(out_dir)


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
    reading = _Reading("Circuitscape", read_lines(path, "a Circuitscape"), "=:")
    values = reading.values(READERS, IGNORED)
    settings = JobSettings(path=path, base=base_folder(path, str(values.get("habitat_file", ""))), **values)
    reading.faults += _missing(settings)
    return reading.checked(settings, (*_elsewhere(settings), *_unused(settings)))


class _Reading(Reading):
    """How Circuitscape writes values."""

    def boolean(self, key: str, number: int, text: str) -> bool:
        """Any spelling of true and false; a text in brackets, as Circuitscape's own placeholders, is false."""
        word = text.strip("'\"").lower()
        if word in TRUE:
            return True
        if word not in FALSE and word != "not entered" and not word.startswith("("):
            self.faults.append(f"line {number}: {key} = {text}: write True or False")
        return False

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


def _precision(reading: Reading, key: str, number: int, text: str) -> None:
    if reading.choice(key, number, text, PRECISIONS) == "single":
        reading.notes.append("precision = single: computed in double precision all the same")


def _solver(reading: Reading, key: str, number: int, text: str) -> None:
    reading.choice(key, number, text, SOLVERS)


def _readers() -> Mapping[str, Reader]:
    """How each key of `JobSettings` is read; those that have no effect are only checked."""
    special: dict[str, Reader] = {
        "data_type": lambda r, *at: r.choice(*at, ("raster", "network")),
        "scenario": lambda r, *at: r.choice(*at, ("pairwise", "advanced", "one-to-all", "all-to-one")),
        "remove_src_or_gnd": _Reading.policy,
        "precision": _precision,
        "solver": _solver,
    }
    kinds: dict[str, Reader] = {"bool": _Reading.boolean, "str": _Reading.name}
    return {key: kinds[kind] for key, kind in JobSettings.named() if key not in special} | special


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
