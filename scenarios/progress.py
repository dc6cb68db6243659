"""Progress, messages and errors for people, on standard error; silent and colourless where nobody watches."""

from __future__ import annotations

import logging
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterable
from datetime import datetime
from types import TracebackType

from rich.console import Console, ConsoleOptions, RenderableType
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.segment import Segment

from rasters.plain import plain_text

__all__ = ["PlainConsole", "Reporter"]

OURS = ("cli", "connectivity", "rasters", "scenarios")
COMPILING = "rasters.kernels"
"""Logger that says that kernels are compiled."""

EVERY_S = 5.0
"""Time between the plain lines that stand for the bar where there is no terminal [s]."""


class PlainConsole(Console):
    """A console on which names are text: no markup, no emoji codes, no control characters, whatever is printed."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, highlight=False, soft_wrap=True, markup=False, emoji=False)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """What is drawn, without harmful characters."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=plain_text(segment.text))


class _PlainFormatter(logging.Formatter):
    """Log messages without harmful characters."""

    def format(self, record: logging.LogRecord) -> str:
        return plain_text(super().format(record))


def _is_ours(record: logging.LogRecord) -> bool:
    """Whether otkel says it, and not a library."""
    return record.name.partition(".")[0] in OURS


class Reporter:
    """One per command: a progress bar with the time left, log messages and warnings; of libraries only with ``verbose``.

    With ``verbose`` it ends with the shares of the time that its steps took, those of one kind together.

    Where there is no terminal a plain line says every `EVERY_S` seconds what is being done: ``16:04:31 3/12 reduction``.
    """

    def __init__(self, *, quiet: bool = False, verbose: int = 0) -> None:
        self.console = PlainConsole(stderr=True)
        self.quiet = quiet
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self.console,
            disable=quiet or not self.console.is_terminal,
            transient=True,
        )
        self._task: TaskID | None = None
        self._doing, self._since = "", 0.0
        self._spent: dict[str, float] = {}
        self.way_on: Callable[[], str] = str
        """Says what is kept when the command stops here, and how to go on; nothing where nothing is."""
        self.asked_to_stop: Callable[[], bool] = bool
        """Whether a signal has asked for the end: one that fell into compiled code, which lost it, is heeded at the next step."""
        self._ended = threading.Event()
        self._warned: set[str] = set()
        self._level = logging.ERROR if quiet else [logging.WARNING, logging.INFO, logging.DEBUG][min(verbose, 2)]
        self._libraries_too = verbose > 0

    def __enter__(self) -> Reporter:
        handler = logging.StreamHandler()
        handler.setFormatter(_PlainFormatter("%(message)s"))
        if not self._libraries_too:
            handler.addFilter(_is_ours)
        logging.basicConfig(level=self._level, handlers=[handler], force=True)
        logging.getLogger(COMPILING).setLevel(logging.ERROR if self.quiet else logging.INFO)
        self._old_show = warnings.showwarning
        warnings.showwarning = self._show_warning  # type: ignore[assignment]
        self._progress.start()
        if not self.quiet and not self.console.is_terminal:
            threading.Thread(target=self._tell_time_and_again, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._progress.stop()
        self._turn_to("")
        if error is None and self._libraries_too:
            self._tell_shares()
        warnings.showwarning = self._old_show
        logging.getLogger(COMPILING).setLevel(logging.NOTSET)

    def expect(self, steps: int, what: str) -> None:
        """Begin a bar of this many steps."""
        self._task = self._progress.add_task(what, total=steps)
        self._turn_to(what)

    def step(self, what: str, done: int = 1) -> None:
        """One step done, or several; ``what`` comes next."""
        if self.asked_to_stop():
            raise KeyboardInterrupt
        if self._task is not None:
            self._progress.update(self._task, advance=done, description=what)
        self._turn_to(what)
        if not self.quiet and not self.console.is_terminal:
            logging.getLogger(__name__).info("%s", what)

    def _turn_to(self, what: str) -> None:
        """What was done until now took the time since it began; ``what`` comes next, of the kind behind its colon."""
        now = time.perf_counter()
        if self._doing:
            self._spent[self._doing] = self._spent.get(self._doing, 0.0) + now - self._since
        self._doing, self._since = what.rpartition(": ")[2], now

    def _tell_shares(self) -> None:
        total, longest = sum(self._spent.values()), sorted(self._spent, key=lambda what: -self._spent[what])
        parts = [f"{what} {self._spent[what] / total:.0%}" for what in longest] if total else []
        if parts:
            self.say(f"time: {', '.join(parts)} of {total:.3g} s")

    def _tell_time_and_again(self) -> None:
        while not self._ended.wait(EVERY_S):
            for task in self._progress.tasks:
                done = f"{task.completed:.0f}/{task.total:.0f}"
                self.say(f"{datetime.now():%H:%M:%S} {done} {task.description}")

    def say(self, text: str) -> None:
        """A message for people."""
        if not self.quiet:
            self.console.print(text)

    @property
    def asks(self) -> bool:
        """Whether a person can answer: a terminal on both sides."""
        return not self.quiet and self.console.is_terminal and sys.stdin is not None and sys.stdin.isatty()

    def ask(self, question: str) -> str:
        """What a person types; the bar gives way to the question."""
        self._progress.stop()
        try:
            return self.console.input(question)
        except EOFError:
            return ""

    def error(self, text: str) -> None:
        """Why the command stops, and how to go on where something is kept."""
        self._progress.stop()
        self.console.print("error:", style="bold red", end=" ")
        self.console.print(text)
        if way_on := self.way_on():
            self.console.print(way_on)

    def _show_warning(self, message: Warning | str, category: type[Warning], *_: object) -> None:
        from rasters.errors import PlannerWarning

        if issubclass(category, PlannerWarning):
            if str(message) not in self._warned:
                self._warned.add(str(message))
                self.say(f"warning: {message}")
        else:
            logging.getLogger("warnings").info("%s: %s", category.__name__, message)
