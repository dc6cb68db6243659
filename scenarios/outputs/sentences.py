"""Sentences that the model builds from a message and values: taken apart again, so that they can be said in another language.

Results keep sentences as English text. Each kind stands here as it is built elsewhere, with names for its values;
``tests/scenarios/outputs/test_one_language.py`` makes every kind and finds it here.
"""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["SENTENCES", "origin_kind", "taken_apart"]

SENTENCES = (
    "{species}: resistances are {status}",
    "{species}: no layer {layer}, so the rule on it was left out",
    "{species}: {line} is sealed ({origin}).",
    "{species}: {line} is no hindrance ({origin}).",
    "{species}: {line} is worth {km} km of open land, from a permeability of {value} per {per} at {metres} m ({origin}).",
    "{species}: {line} is worth {km} km of open land ({origin}).",
    "{species}: keeps its direction over {metres} m ({origin}).",
    "{species}: follows a fence for {metres} m to either side, and so finds a passage ({origin}).",
    "{count} cells without {layer} were given {value} ({origin})",
    "Gains are means over {over}, weighted: {told}; places not named 1.",
    "Use factors of passages are updated by {origin}.",
    "These results are of fence formula {one}; the present one is {other}. Run the study again to compare them with new ones.",
    "public: no passage is placed better than {promised} degree. Resistance is the mean of fixed cells of {cells} degree; cost, "
    "corridor and current are classes of cells of {classes} degree, and withheld with all that is computed from them once an "
    "opening stands; numbers have {figures} figures; passages, routes and gains along fences are withheld",
    "fence lines with {gaps} and {ends}: see otkel check",
    "fence lines with {gaps}: see otkel check",
    "Too few data to tell: {sites} sites and {events} events; at least {least} sites of {days} camera-days and {few} events are needed "
    "before anything is computed.",
    "Too few data to tell: {told}. More days at the same sites would not do (with {times} times the days a map that predicts is told in "
    "{share} of cases): more sites are needed.",
    "Too few data to tell: {told}. About {more} more camera-days at these sites would tell a map that predicts in {share} of cases (now "
    "{now}).",
    "The map predicts where the species was seen: {told}.",
    "The species was seen where the map shows little movement: {told}. The map is wrong or misleads here.",
    "The map does not show where the species was seen: {told}; a map that predicts would have been told from chance in {share} of such "
    "data sets.",
    "rank correlation {value} ({low} to {high})",
    "Left-out sites are predicted best by {map}: {gain} ± {error} less deviance than a constant rate, which may be chance; next {next} "
    "({less}).",
    "Left-out sites are predicted best by {map}: {gain} ± {error} less deviance than a constant rate; next {next} ({less}).",
    "Left-out sites are predicted best by {map}: {gain} ± {error} less deviance than a constant rate, which may be chance.",
    "Left-out sites are predicted best by {map}: {gain} ± {error} less deviance than a constant rate.",
    "{one} and {other} alike",
    "current, {results}",
    "before and after cannot be compared: {why}",
    "{n} of {total} watched passages; an unseen crossing is not no crossing",
    "Share of the land’s {cell} km cells with at least {km} km of patrol.",
    "control of {passage}",
    "no data: {expected} crossings to be expected without a fence, {least} are needed",
    "{n} steps in the study that follow another; {least} are needed",
    "every {n}th fix",
    "fits ({why})",
    "too low ({why})",
    "too high ({why})",
    "too narrow ({why})",
    "shut out ({why})",
    "unknown ({why})",
    "{metres} m clear",
    "{metres} m between strands",
    "{metres} m wide",
    "needs {metres} m",
    "jumps {metres} m",
    "top at {metres} m",
    "{n} of {total}",
    "τ = {tau}, {n} of {total}",
    "{count} gap",
    "{count} gaps",
    "{count} loose end",
    "{count} loose ends",
    "Pulkovo 1942 to WGS 84 ({n})",
    "WGS 84 <-> SK-42 by {name}, {code}, stated accuracy {metres} m",
)
"""The longer one before one that it holds."""

NUMERIC = dict.fromkeys(
    ("count", "n", "total", "tau", "km", "metres", "promised", "cells", "classes", "figures"), r"[-+\u2212\d.,\u202f]+"
)
"""Values that are numbers."""
KINDS = ("expert placeholder", "assumption")
ELSEWHERE = "source named in the study"


def taken_apart(text: str) -> tuple[str, dict[str, str]] | None:
    """The message of a sentence and the values in it; None if it is of no known kind."""
    for message, pattern in _patterns():
        found = pattern.fullmatch(text)
        if found:
            return message, found.groupdict()
    return None


def origin_kind(text: str) -> str:
    """What kind of source a statement names: a placeholder, an assumption, or one that the study names in its own words."""
    return next((kind for kind in KINDS if text.startswith(kind)), ELSEWHERE)


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((message, re.compile(_as_pattern(message))) for message in SENTENCES)


def _as_pattern(message: str) -> str:
    parts = re.split(r"\{(\w+)\}", message)
    return "".join(
        f"(?P<{part}>{NUMERIC.get(part, '.+?')})" if n % 2 else re.escape(part) for n, part in enumerate(parts)
    )
