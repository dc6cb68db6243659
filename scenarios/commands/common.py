"""What every command shares: options, progress and errors, the end of a command. Imports nothing heavy."""

from __future__ import annotations

import inspect
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer

from rasters.errors import ConfigError, MemoryBudgetError, PlannerError
from rasters.plain import HARMFUL
from scenarios.commands.completing import address, one_of, scenarios_typed, species_typed, studies_typed
from scenarios.exit_codes import ExitCode, exit_code_of, is_full_disk
from scenarios.study.languages import LANGUAGES

if TYPE_CHECKING:
    from rich.console import Console

    from scenarios.progress import Reporter

__all__ = [
    "AlternativeOption",
    "EvidenceOption",
    "JsonOption",
    "LangOption",
    "OneScenarioOption",
    "OutOption",
    "QuietOption",
    "ScenarioOption",
    "SchedulerOption",
    "SendOption",
    "SetOption",
    "SpeciesOption",
    "StudyArgument",
    "Summary",
    "VerboseOption",
    "WorkersOption",
    "asked_to_stop",
    "named_results",
    "parse_overrides",
    "reported",
    "reporting",
    "require_utf8_names",
    "stop",
    "tell",
    "tell_version",
]

_asked_to_stop: list[bool] = []
LEAST_BYTES = 1280 * 2**20
"""Address space in which libraries can be loaded."""

StudyArgument = Annotated[
    str,
    typer.Argument(
        metavar="STUDY",
        help="A bundled study, a folder with a study.yaml, or a YAML file.",
        autocompletion=studies_typed,
    ),
]
SpeciesOption = Annotated[
    list[str] | None,
    typer.Option("--species", help="Only this species; may be given several times.", autocompletion=species_typed),
]
ScenarioOption = Annotated[
    list[str] | None,
    typer.Option(
        "--scenario",
        help="A scenario of the study, or a YAML file with one; may be given several times. Default: the first.",
        autocompletion=scenarios_typed,
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override a key of the study: --set candidates.every_m=500."),
]
AlternativeOption = Annotated[
    list[str] | None,
    typer.Option("--alternative", metavar="NAME=RESULTS", help="Other results to compare; may be given several times."),
]
EvidenceOption = Annotated[
    Path | None,
    typer.Option(
        "--evidence",
        metavar="PATH",
        help="What otkel evidence and otkel tracks wrote: use_factors.yaml, permeability.yaml, profile.yaml, or a folder that holds "
        "them; --set comes before it.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print a machine-readable summary on standard output.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar, no messages; errors only.")]
VerboseOption = Annotated[int, typer.Option("--verbose", "-v", count=True, help="Show more; -vv for debugging.")]
OneScenarioOption = Annotated[
    str | None,
    typer.Option("--scenario", help="A scenario of the study. Default: the first.", autocompletion=scenarios_typed),
]
LangOption = Annotated[
    str | None,
    typer.Option(
        "--lang",
        help="Language of the words in it: en, ru or kk. Default: en; report.html opens in the reader's own.",
        **one_of("language", *LANGUAGES),
    ),
]
OutOption = Annotated[
    Path, typer.Option("--out", "-o", help="Folder for the results; replaced if it holds earlier ones.")
]
WorkersOption = Annotated[
    int | None,
    typer.Option("--workers", min=1, help="Solve in this many processes, started here (a local dask cluster)."),
]
SchedulerOption = Annotated[
    str | None,
    typer.Option("--scheduler", metavar="ADDRESS", help="Solve on a dask cluster: tcp://node1:8786.", callback=address),
]
SendOption = Annotated[
    bool,
    typer.Option("--send-files", help="Send the rasters to each worker once; for workers without a shared folder."),
]


class Summary(Protocol):
    """What a command reports when it is done."""

    def as_dict(self) -> dict[str, Any]:
        """Plain data for machines."""

    def print(self, console: Console) -> None:
        """Words for people."""

    @property
    def exit_code(self) -> ExitCode:
        """How the command ends."""


def tell(summary: Summary, reporter: Reporter, *, as_json: bool, quiet: bool, listing: bool = False) -> None:
    """The end of a command: JSON on standard output, or words for people, or nothing; then the exit code.

    With ``listing`` the words are what the command is for, and go to standard output, too.
    """
    if as_json:
        from scenarios.records.hashing import canonical_json

        words = canonical_json(summary.as_dict())
        typer.echo(HARMFUL.sub(lambda found: f"\\u{ord(found[0]):04x}", words), nl=False)
    elif not quiet:
        from scenarios.progress import PlainConsole

        summary.print(PlainConsole() if listing else reporter.console)
    if summary.exit_code:
        raise typer.Exit(summary.exit_code)


def tell_version(asked: bool) -> None:
    """``otkel --version``."""
    if asked:
        from importlib.metadata import version

        typer.echo(f"otkel {version('otkel')}")
        raise typer.Exit


def named_results(pairs: list[str] | None) -> dict[str, Path]:
    """Folders of `AlternativeOption` by name."""
    out = {}
    for pair in pairs or []:
        name, equals, folder = pair.partition("=")
        if not equals or not name or not folder:
            raise typer.BadParameter(f"--alternative {pair!r}: write it as NAME=RESULTS")
        out[name] = Path(folder)
    return out


def parse_overrides(pairs: list[str] | None) -> dict[str, Any]:
    """``key=value`` with a YAML value."""
    import yaml

    from scenarios.study.documents import parse_yaml

    out = {}
    for pair in pairs or []:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise typer.BadParameter(f"--set {pair!r}: write it as KEY=VALUE")
        try:
            out[key.strip()] = parse_yaml(value)
        except yaml.YAMLError as error:
            raise typer.BadParameter(f"--set {pair!r}: the value is not valid YAML") from error
    return out


def with_evidence(study: str, evidence: Path | None, overrides: dict[str, Any]) -> dict[str, Any]:
    """Overrides of the evidence, then those of the command line, which come first."""
    if evidence is None:
        return overrides
    import logging

    from scenarios.evidence.taking import take_evidence

    taken = take_evidence(evidence, study)
    for sentence in taken.sentences:
        logging.getLogger(__name__).warning("%s", sentence)
    return {**taken.overrides, **overrides}


def reported(name: str, *, listing: bool = False) -> Callable[[Callable[..., Summary]], Callable[..., None]]:
    """The frame of a command: the options that all have, progress and errors, and the words at the end.

    The function that it frames takes a reporter, then what the command line gives, and returns what is told.
    """

    def framed(work: Callable[..., Summary]) -> Callable[..., None]:
        def command(*, as_json: bool, quiet: bool, verbose: int, **given: Any) -> None:
            with reporting(name, quiet or as_json, verbose) as reporter:
                summary = work(reporter, **given)
            tell(summary, reporter, as_json=as_json, quiet=quiet, listing=listing)

        _, *own = inspect.signature(work).parameters.values()
        options = {one.name: (eval(one.annotation, work.__globals__), one.default) for one in own}
        options |= {"as_json": (JsonOption, False), "quiet": (QuietOption, False), "verbose": (VerboseOption, 0)}
        command.__name__, command.__doc__ = work.__name__, work.__doc__
        command.__annotations__ = {option: annotation for option, (annotation, _) in options.items()}
        command.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [
                inspect.Parameter(option, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)
                for option, (annotation, default) in options.items()
            ]
        )
        return command

    return framed


@contextmanager
def reporting(command: str, quiet: bool, verbose: int) -> Iterator[Reporter]:
    """Progress on stderr; every expected error becomes one message and its exit code."""
    from scenarios.progress import Reporter

    with Reporter(quiet=quiet, verbose=verbose) as reporter:
        reporter.asked_to_stop = asked_to_stop
        try:
            _require_environment()
            yield reporter
        except (typer.Exit, typer.BadParameter, typer.Abort):
            raise
        except (Exception, KeyboardInterrupt) as error:
            code = exit_code_of(error)
            if code is ExitCode.BUG and _asked_to_stop:
                code = ExitCode.INTERRUPTED
            if code is ExitCode.BUG and (os.environ.get("OTKEL_TRACEBACK") == "1" or verbose):
                traceback.print_exc()
            reporter.error(_words(error, code, command))
            raise typer.Exit(code) from error


def _require_environment() -> None:
    """Raise where the process is given so little memory that libraries end it in their own ways, or threads that are no number."""
    threads = os.environ.get("NUMBA_NUM_THREADS")
    if threads and not (threads.strip().isdecimal() and int(threads) > 0):
        raise ConfigError(f"NUMBA_NUM_THREADS={threads}: is no number of threads; give 1 or more, or leave it unset")
    if sys.platform != "win32":
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if 0 <= limit < LEAST_BYTES:
            raise MemoryBudgetError(
                f"this process may use {limit / 2**20:.0f} MiB of addresses; otkel needs {LEAST_BYTES / 2**20:.0f} MiB at least: "
                "raise the limit (ulimit -v)"
            )


def _words(error: BaseException, code: ExitCode, command: str) -> str:
    """One message: an error of ours says itself what is wrong, where, and what to do."""
    if isinstance(error, PlannerError):
        return str(error)
    if is_full_disk(error):
        return f"the disk is full ({error}); free some space or choose another folder with --out"
    if code is ExitCode.INTERRUPTED:
        return f"{command} was interrupted; nothing half-written is left behind"
    if code is ExitCode.MEMORY:
        return "out of memory; use larger cells (--set grid.cell_m=2000) or fewer species at a time"
    return f"{type(error).__name__}: {error}\nThis is a bug of otkel; run again with -v and report what it prints."


def asked_to_stop() -> bool:
    """Whether a signal has asked this process to end."""
    return bool(_asked_to_stop)


def require_utf8_names() -> None:
    """Start again in Python's UTF-8 mode where the locale is not UTF-8: GDAL takes names of files as UTF-8 alone."""
    if sys.getfilesystemencoding() != "utf-8" and os.name == "posix":
        os.execv(sys.executable, [sys.orig_argv[0], "-X", "utf8", *sys.orig_argv[1:]])


def stop(*_: object) -> None:
    """A signal may fall into compiled code that loses the exception; what breaks after it is no bug."""
    _asked_to_stop.append(True)
    raise KeyboardInterrupt
