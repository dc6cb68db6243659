"""The command line: parse, call `scenarios`, print. No science here, and no heavy import before a command runs."""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from scenarios.progress import Reporter

EXIT_BUG = 70
EXIT_INTERRUPTED = 6
EXIT_MEMORY = 7

_asked_to_stop: list[bool] = []

app = typer.Typer(
    name="otkel",
    help="Plan where wild animals can cross border fences.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

StudyArgument = Annotated[
    str, typer.Argument(metavar="STUDY", help="A bundled study, a folder with a study.yaml, or a YAML file.")
]
SpeciesOption = Annotated[
    list[str] | None, typer.Option("--species", help="Only this species; may be given several times.")
]
ScenarioOption = Annotated[
    list[str] | None,
    typer.Option("--scenario", help="A scenario of the study; may be given several times. Default: the first."),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override a key of the study: --set candidates.every_m=500."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print a machine-readable summary on standard output.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar, no messages; errors only.")]
VerboseOption = Annotated[int, typer.Option("--verbose", "-v", count=True, help="Say more; -vv for debugging.")]


@app.command()
def run(
    study: StudyArgument,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for the results; replaced if it holds an earlier run.")
    ],
    scenario: ScenarioOption = None,
    species: SpeciesOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """Map movement, fences and passages: rasters, tables, maps and an index page in one folder."""
    with _reporting("run", quiet or as_json, verbose) as reporter:
        from scenarios.session import run_study

        summary = run_study(study, scenario, species, out, _parse_overrides(overrides), reporter)
    if as_json:
        typer.echo(json.dumps(summary.as_dict(), indent=2, ensure_ascii=False))
    elif not quiet:
        summary.print(reporter.console)


@app.command()
def corridors(
    study: StudyArgument,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for the results; replaced if it holds an earlier run.")
    ],
    scenario: ScenarioOption = None,
    species: SpeciesOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """Rank every corridor to the targets, with really different alternatives and where each meets a fence."""
    with _reporting("corridors", quiet or as_json, verbose) as reporter:
        from scenarios.corridor_session import run_corridor_study

        summary = run_corridor_study(study, scenario, species, out, _parse_overrides(overrides), reporter)
    if as_json:
        from scenarios.outputs.manifest import canonical_json

        typer.echo(canonical_json(summary.as_dict()), nl=False)
    elif not quiet:
        summary.print(reporter.console)


@app.command()
def uncertainty(
    study: StudyArgument,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for the results; replaced if it holds an earlier run.")
    ],
    draws: Annotated[
        int, typer.Option("--draws", min=2, help="Sobol draws of the uncertain numbers; a power of two.")
    ] = 64,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same draws.")] = 1,
    top: Annotated[int, typer.Option("--top", min=1, help="Length of the list of the best.")] = 10,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Processes; the results do not depend on it.")] = 1,
    best: Annotated[
        int,
        typer.Option("--best", min=0, help="Draw so many best candidates and the best of every place; 0 draws all."),
    ] = 100,
    cache: Annotated[
        Path | None,
        typer.Option(
            "--cache", help="Folder for finished draws, from which a stopped run goes on; default: the user's."
        ),
    ] = None,
    scenario: Annotated[
        str | None, typer.Option("--scenario", help="A scenario of the study. Default: the first.")
    ] = None,
    species: SpeciesOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """Say how firm the ranking of passages is: draw uncertain numbers, rank again, and find which number matters most."""
    with _reporting("uncertainty", quiet or as_json, verbose) as reporter:
        from scenarios.uncertainty import run_uncertainty_study

        summary = run_uncertainty_study(
            study, out, reporter, scenario=scenario, species=species, overrides=_parse_overrides(overrides), draws=draws,
            seed=seed, top=top, jobs=jobs, best=best, cache=cache,
        )  # fmt: skip
    if as_json:
        from scenarios.outputs.manifest import canonical_json

        typer.echo(canonical_json(summary.as_dict()), nl=False)
    elif not quiet:
        summary.print(reporter.console)


@app.command()
def passages(
    study: StudyArgument,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for the results; replaced if it holds an earlier run.")
    ],
    budget: Annotated[
        float | None,
        typer.Option("--budget", min=0, help="Cost units to spend. Default: the study's portfolio.budget."),
    ] = None,
    objective: Annotated[
        str | None,
        typer.Option("--objective", help="conductance, resistance, least_cost, eca or arriving. Default: the study's."),
    ] = None,
    k: Annotated[int | None, typer.Option("--k", min=0, help="At most so many passages.")] = None,
    draws: Annotated[
        int, typer.Option("--draws", min=0, help="Sobol draws of the uncertain numbers, a power of two; 0 for none.")
    ] = 0,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same draws.")] = 1,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Processes for the draws.")] = 1,
    scenario: Annotated[
        str | None, typer.Option("--scenario", help="A scenario of the study. Default: the first.")
    ] = None,
    species: SpeciesOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """Choose passages and other actions for a budget: the best set, how far from perfect, and what can be replaced."""
    with _reporting("passages", quiet or as_json, verbose) as reporter:
        from scenarios.portfolio_session import run_passages

        given = {"portfolio.budget": budget, "portfolio.objective": objective, "portfolio.most": k}
        chosen = _parse_overrides(overrides) | {key: value for key, value in given.items() if value is not None}
        summary = run_passages(study, scenario, species, out, chosen, reporter, draws=draws, seed=seed, jobs=jobs)
    if as_json:
        from scenarios.outputs.manifest import canonical_json

        typer.echo(canonical_json(summary.as_dict()), nl=False)
    elif not quiet:
        summary.print(reporter.console)


@app.command()
def check(
    study: StudyArgument,
    scenario: ScenarioOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """Check inputs; prove by flood fill that closed fences leak nowhere and that each candidate opens them."""
    with _reporting("check", quiet or as_json, verbose) as reporter:
        from scenarios.check import check_study

        report = check_study(study, scenario, _parse_overrides(overrides), reporter)
    if as_json:
        typer.echo(json.dumps(report.as_dict(), indent=2, ensure_ascii=False))
    elif not quiet:
        report.print(reporter.console)
    if not report.passed:
        raise typer.Exit(4)


@app.command()
def circuitscape(
    job: Annotated[Path, typer.Argument(metavar="JOB.ini", help="The INI file of a Circuitscape job.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder for the results; default: that of output_file in the job."),
    ] = None,
    method: Annotated[
        str,
        typer.Option("--method", help="Solver: auto, multigrid, sparse-direct, amg or reduction (resistances only)."),
    ] = "auto",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """Run an existing Circuitscape job: same settings, same inputs, same files."""
    with _reporting("circuitscape", quiet or as_json, verbose) as reporter:
        from scenarios.circuitscape.job import run_job

        summary = run_job(job, out, method)
    if as_json:
        typer.echo(json.dumps(summary.as_dict(), indent=2, ensure_ascii=False))
    elif not quiet:
        summary.print(reporter.console)


WorkersOption = Annotated[
    int | None,
    typer.Option("--workers", min=1, help="Solve in this many processes, started here (a local dask cluster)."),
]
SchedulerOption = Annotated[
    str | None, typer.Option("--scheduler", metavar="ADDRESS", help="Solve on a dask cluster: tcp://node1:8786.")
]
SendOption = Annotated[
    bool,
    typer.Option("--send-files", help="Send the rasters to each worker once; for workers without a shared folder."),
]


@app.command()
def omniscape(
    job: Annotated[Path, typer.Argument(metavar="JOB.ini", help="The INI file of an Omniscape job.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Where the project folder is made; default: where the job's paths start."),
    ] = None,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = None,
    send_files: SendOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """Run an existing Omniscape job: same settings, same inputs, same files."""
    with _reporting("omniscape", quiet or as_json, verbose) as reporter:
        from scenarios.omniscape.job import run_omniscape
        from scenarios.windows.job import machines_of

        summary = run_omniscape(job, out, machines_of(workers, scheduler, send_files), reporter)
    if as_json:
        typer.echo(json.dumps(summary.as_dict(), indent=2, ensure_ascii=False))
    elif not quiet:
        summary.print(reporter.console)


@app.command()
def window(
    study: Annotated[
        str, typer.Argument(metavar="STUDY", help="A study as for `run`, or a GeoTIFF of resistance of any size.")
    ],
    radius_km: Annotated[float, typer.Option("--radius-km", help="Sources lie within this distance of a target.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for the results; replaced if it holds an earlier run.")
    ],
    block_km: Annotated[float, typer.Option("--block-km", help="Side of the squares that share one target.")] = 0.0,
    buffer_km: Annotated[float, typer.Option("--buffer-km", help="How far current may flow beyond the radius.")] = 0.0,
    cutoff: Annotated[float, typer.Option("--cutoff", help="Cells of higher resistance are no sources.")] = float(
        "inf"
    ),
    scenario: Annotated[
        str | None, typer.Option("--scenario", help="A scenario of the study. Default: the first.")
    ] = None,
    species: SpeciesOption = None,
    overrides: SetOption = None,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = None,
    send_files: SendOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """Map omnidirectional connectivity by a moving window: current, flow potential and their ratio, fences included."""
    with _reporting("window", quiet or as_json, verbose) as reporter:
        from scenarios.windows.job import machines_of
        from scenarios.windows.study import WindowRequest, run_window

        request = WindowRequest(radius_km=radius_km, buffer_km=buffer_km, block_km=block_km, cutoff=cutoff)
        summary = run_window(
            study, request, out, scenario=scenario, species=species, overrides=_parse_overrides(overrides),
            machines=machines_of(workers, scheduler, send_files), reporter=reporter,
        )  # fmt: skip
    if as_json:
        typer.echo(json.dumps(summary.as_dict(), indent=2, ensure_ascii=False))
    elif not quiet:
        summary.print(reporter.console)


@app.command()
def doctor(as_json: JsonOption = False) -> None:
    """Say what is installed, how many threads and how much memory there is, and whether the solvers work here."""
    with _reporting("doctor", as_json, 0) as reporter:
        from scenarios.doctor import examine

        report = examine()
    if as_json:
        typer.echo(json.dumps(report.as_dict(), indent=2))
    else:
        report.print(reporter.console)
    if not report.passed:
        raise typer.Exit(5)


def _parse_overrides(pairs: list[str] | None) -> dict[str, Any]:
    """``key=value`` with a YAML value."""
    import yaml

    out = {}
    for pair in pairs or []:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise typer.BadParameter(f"--set {pair!r}: write it as KEY=VALUE")
        try:
            out[key.strip()] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise typer.BadParameter(f"--set {pair!r}: the value is not valid YAML") from error
    return out


@contextmanager
def _reporting(command: str, quiet: bool, verbose: int) -> Iterator[Reporter]:
    """Progress on stderr; every expected error becomes one message and its exit code."""
    from rasters.errors import PlannerError
    from scenarios.progress import Reporter

    with Reporter(quiet=quiet, verbose=verbose) as reporter:
        try:
            yield reporter
        except PlannerError as error:
            reporter.error(str(error))
            raise typer.Exit(error.exit_code) from error
        except KeyboardInterrupt as error:
            reporter.error(f"{command} was interrupted; nothing half-written is left behind")
            raise typer.Exit(EXIT_INTERRUPTED) from error
        except MemoryError as error:
            reporter.error("out of memory; use larger cells (--set grid.cell_m=2000) or fewer species at a time")
            raise typer.Exit(EXIT_MEMORY) from error
        except (typer.Exit, typer.BadParameter, typer.Abort):
            raise
        except Exception as error:
            if _asked_to_stop:
                reporter.error(f"{command} was interrupted; nothing half-written is left behind")
                raise typer.Exit(EXIT_INTERRUPTED) from error
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                reporter.error(f"the disk is full ({error}); free some space or choose another folder with --out")
                raise typer.Exit(EXIT_MEMORY) from error
            if os.environ.get("OTKEL_TRACEBACK") == "1" or verbose:
                traceback.print_exc()
            reporter.error(
                f"{type(error).__name__}: {error}\nThis is a bug of otkel; run again with -v and report what it prints."
            )
            raise typer.Exit(EXIT_BUG) from error


def _stop(*_: object) -> None:
    """A signal may fall into compiled code that loses the exception; what breaks after it is no bug."""
    _asked_to_stop.append(True)
    raise KeyboardInterrupt


def main() -> None:
    """Entry point of the ``otkel`` command; a polite kill cleans up like Ctrl-C."""
    signal.signal(signal.SIGTERM, _stop)
    if sys.platform != "win32" and not sys.stdout.isatty():
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    app()


if __name__ == "__main__":
    main()
