"""Many runs of one study: `otkel batch STUDY --matrix FILE`, and `otkel batch merge FOLDER` after a job array."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scenarios.commands.common import (
    SchedulerOption,
    SendOption,
    SetOption,
    StudyArgument,
    Summary,
    WorkersOption,
    asked_to_stop,
    parse_overrides,
    reported,
)
from scenarios.commands.completing import unless_named

if TYPE_CHECKING:
    from scenarios.progress import Reporter

__all__ = ["app"]


class Keep(StrEnum):
    """What a run writes."""

    tables = "tables"
    maps = "maps"
    all = "all"


app = typer.Typer(
    name="batch",
    cls=unless_named("run"),
    no_args_is_help=True,
    help="Run many scenarios of a study: otkel batch STUDY --matrix FILE --out FOLDER. After a job array: otkel batch merge.",
)


@app.command()
@reported("batch")
def run(
    reporter: Reporter,
    study: StudyArgument,
    matrix: Annotated[
        Path,
        typer.Option(
            "--matrix",
            "-m",
            help="YAML file with the axes, here or beside the study: scenario, species, cell_m, draws, set.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="Folder for the batch; where it holds this batch, what is missing is done."),
    ],
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Runs at a time, each in a process of its own.")] = 1,
    keep: Annotated[
        Keep, typer.Option("--keep", help="What a run writes: tables, or rasters and layers too, or everything.")
    ] = Keep.tables,
    task: Annotated[
        str, typer.Option("--task", metavar="I/N", help="Do only share I of N, for job arrays; then otkel batch merge.")
    ] = "1/1",
    overrides: SetOption = None,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = None,
    send_files: SendOption = False,
    cache: Annotated[
        Path | None,
        typer.Option("--cache", metavar="FOLDER", help="Where solved steps are kept. Default: the user's cache."),
    ] = None,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Take no solved step from elsewhere, and keep none.")
    ] = False,
) -> Summary:
    """Do every run of a matrix that is not done yet; `run` may be left out.

    What fails is collected, and the rest goes on; the exit code is then 10. A batch that was stopped goes on when the same
    command is given again.
    """
    from scenarios.batch.session import BatchRequest, run_batch
    from scenarios.model.steps import open_store

    number, of = _share(task)
    store = None if no_cache else open_store(cache).folder
    request = BatchRequest(
        study=study,
        matrix=matrix,
        out=out,
        overrides=parse_overrides(overrides),
        keep=keep.value,
        jobs=jobs,
        task=number,
        tasks=of,
        workers=workers,
        scheduler=scheduler,
        send_files=send_files,
        store=store,
    )
    return run_batch(request, reporter, asked_to_stop)


@app.command()
@reported("batch merge")
def merge(
    reporter: Reporter,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder of a batch whose tasks are done.")],
    partial: Annotated[bool, typer.Option("--partial", help="Merge what there is, though runs are missing.")] = False,
) -> Summary:
    """Put the parts of a job array together: the tables of all runs; refused while runs are missing."""
    from scenarios.batch.session import merge_batch

    return merge_batch(folder, partial=partial)


def _share(text: str) -> tuple[int, int]:
    number, slash, of = text.partition("/")
    if not (slash and number.strip().isdigit() and of.strip().isdigit()):
        raise typer.BadParameter(f"--task {text!r}: write it as I/N, such as 3/10")
    return int(number), int(of)
