"""Questions on a terminal; where nobody can answer, what is missing is one error that names the option."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rasters.errors import OptionError
from rasters.plain import like
from scenarios.progress import Reporter

__all__ = ["Asker", "Nobody", "Terminal", "asker_of"]

TRIES = 5


class Asker(Protocol):
    """Who answers."""

    def choose(self, question: str, choices: Sequence[str], option: str) -> str:
        """One of some choices; ``option`` says it without a terminal."""

    def text(self, question: str, default: str, option: str) -> str:
        """Any words; nothing is ``default``."""

    @property
    def answers(self) -> bool:
        """Whether anybody does."""


class Nobody:
    """No terminal: what must be known is an error, what may be left open stays at its default."""

    answers = False

    def choose(self, question: str, choices: Sequence[str], option: str) -> str:
        """OptionError with the choices."""
        raise OptionError(f"{option}: {question} Choose one of {', '.join(choices)}")

    def text(self, question: str, default: str, option: str) -> str:
        """The default."""
        return default


class Terminal:
    """A person at a terminal."""

    answers = True

    def __init__(self, reporter: Reporter) -> None:
        self.reporter = reporter

    def choose(self, question: str, choices: Sequence[str], option: str) -> str:
        """Asked until the answer is one of the choices, by name or by number."""
        listed = "\n".join(f"  {number}  {one}" for number, one in enumerate(choices, 1))
        for _ in range(TRIES):
            answer = self.reporter.ask(f"{question} ({option})\n{listed}\nName or number: ").strip()
            if answer in choices:
                return answer
            if answer.isdecimal() and 1 <= int(answer) <= len(choices):
                return choices[int(answer) - 1]
            self.reporter.say(f"{answer!r} is none of these{like(answer, choices)}")
        raise OptionError(f"{option}: no answer that could be used after {TRIES} questions; say it as an option")

    def text(self, question: str, default: str, option: str) -> str:
        """Asked once."""
        shown = f" [{default}]" if default else " [nothing]"
        return self.reporter.ask(f"{question} ({option}){shown}: ").strip() or default


def asker_of(reporter: Reporter) -> Asker:
    """The terminal, where there is one on both sides."""
    return Terminal(reporter) if reporter.asks else Nobody()
