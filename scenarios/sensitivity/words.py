"""What a result hangs on, in words: numbers of a profile by names that people know, and sentences from numbers only."""

from __future__ import annotations

import re

from rasters.numbers import MINUS, figure, percent
from rasters.profile import Rule, SpeciesProfile
from rasters.responses import Categories, PiecewiseLinear
from scenarios.model.parameter_words import layer_words, parameter_words
from scenarios.outputs.columns import SHOWN
from scenarios.outputs.translate import ENGLISH, Language
from scenarios.sensitivity.files import Sensitivity
from scenarios.sensitivity.indicators import TITLES

__all__ = ["SLOPES", "number_words", "rule_words", "sentences_of"]

SLOPES = ("smooth", "kink", "end of range", "no effect", "sealed")
"""What a number's slope can be."""
RULE = re.compile(r"(rules|factors)\.(.+)\[(\d+)\]")


def sentences_of(one: Sensitivity, say: Language = ENGLISH) -> tuple[str, ...]:
    """What was found, from numbers only."""
    value = say("{title}: {value}; pairs that are joined: {joined} of {total}.")
    title = say(TITLES[one.indicator][0])
    said = [
        value.format(
            title=title[0].upper() + title[1:], value=_value(one, say), joined=one.found.joined, total=one.found.total
        )
    ]
    smooth = one.parameters[one.parameters["status"].isin(["smooth", "kink"])]
    if len(smooth):
        first = smooth.iloc[0]
        told = say(
            "It hangs most on this number: {name}. One per cent more changes it by {up} %, one per cent less by {down} %."
        )
        up, down = (say(_signed(value)) for value in (first["elasticity_up"], -first["elasticity_down"]))
        said.append(told.format(name=number_words(one.prepared.profile, first["parameter"], say), up=up, down=down))
    if len(one.places):
        best = one.places.iloc[0]
        told = say("Better habitat would pay most near {place}: {share} for {area} km\u00b2, to first order.")
        share, area = say(percent(best["restored_share"])), figure(round(best["area_km2"]), "km2")
        said.append(told.format(place=say.position(best["lat"], best["lon"], 3), share=share, area=area))
        if best["decides"]:
            said.append(say("What decides there: {rule}.").format(rule=rule_words(best["decides"], say)))
    return tuple(said)


def _value(one: Sensitivity, say: Language) -> str:
    """The indicator with the unit that people read."""
    value, unit = one.found.value, TITLES[one.indicator][1]
    if unit == "1":
        return say(percent(value))
    if unit == "effective m":
        value, unit = value / 1000.0, "effective km"
    return f"{say(figure(value, unit, 4))} {say(SHOWN.get(unit, unit))}"


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", MINUS)


def number_words(profile: SpeciesProfile, name: str, say: Language = ENGLISH) -> str:
    """A number of a profile by what it is about: of a rule the layer, and where on it the number stands."""
    of_rule = RULE.fullmatch(name)
    if of_rule is None:
        return parameter_words(name, say)[1] or name
    group, layer, number = of_rule.groups()
    rules = profile.rules if group == "rules" else profile.factors
    where = next((_where(rule, int(number), say) for rule in rules if rule.layer == layer), "")
    words = say("{name} (factor)") if group == "factors" else "{name}"
    return ", ".join(part for part in (words.format(name=say(layer_words(layer))), where) if part)


def _where(rule: Rule, number: int, say: Language) -> str:
    """Which of a rule's numbers."""
    response = rule.response
    if isinstance(response, Categories):
        return say("class {codes}").format(codes=_codes(response.classes[number]))
    unit = f" {say(rule.unit)}" if rule.unit else ""
    if isinstance(response, PiecewiseLinear):
        return say("at {value}").format(value=say(f"{response.at[number]:g}") + unit)
    if not response.breaks:
        return ""
    if number < len(response.breaks):
        return say("below {value}").format(value=say(f"{response.breaks[number]:g}") + unit)
    return say("from {value} on").format(value=say(f"{response.breaks[-1]:g}") + unit)


def _codes(codes: tuple[int, ...]) -> str:
    """``1\u20135, 8``."""
    runs: list[list[int]] = []
    for code in sorted(codes):
        if runs and code == runs[-1][-1] + 1:
            runs[-1].append(code)
        else:
            runs.append([code])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}\u2013{run[-1]}" for run in runs)


def rule_words(decides: str, say: Language = ENGLISH) -> str:
    """The layer that decides in a cell, and its value there."""
    layer, _, value = decides.partition(" = ")
    number, _, unit = value.partition(" ")
    return f"{say(layer_words(layer))} = {say(number)} {say(unit)}".strip()
