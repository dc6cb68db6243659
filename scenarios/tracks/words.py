"""What the collars say, in sentences made from numbers only."""

from __future__ import annotations

import math
from typing import Any

from rasters.numbers import MINUS, figure
from rasters.permeability import Permeability
from scenarios.evidence.words import reranking_sentences
from scenarios.model.parameter_words import layer_words
from scenarios.outputs.translate import ENGLISH, Language
from scenarios.statistics.fence_encounters import CLASSES
from scenarios.tracks.encounters import STRETCH_KM
from scenarios.tracks.findings import Findings
from scenarios.tracks.predicts import prediction_sentences
from scenarios.tracks.selection import Covariate, HeldOut, Selection
from scenarios.tracks.worth import Worth

__all__ = ["BEHAVIOURS", "assumptions_of", "covariate_words", "ranking_sentences", "sentences_of"]

FEW = 5
"""Animals below which what they say may be their own."""
BEHAVIOURS = {name: name.replace("_", " ") for name in CLASSES}
"""What an animal did at a fence."""


def sentences_of(found: Findings, say: Language = ENGLISH) -> dict[str, list[str]]:
    """Section -> sentences: animals, encounters, worth, land, prediction, ranking."""
    return {
        "animals": _animals(found, say),
        "encounters": [_encounters(found, row, say) for row in found.rates.to_dict("records")],
        "worth": [sentence for one in found.worth for sentence in _worth(found, one, say)],
        "land": [sentence for one in found.selections for sentence in _land(found, one, say)],
        "prediction": _prediction(found, say),
        "ranking": ranking_sentences(found, say),
    }


def _animals(found: Findings, say: Language) -> list[str]:
    if not found.tracks:
        return [say("No animal is of a species of the study, so nothing can be said.")]
    told, out = (
        say(
            "{species}: {n} animals, {fixes} fixes every {hours} h, {days} animal-days; {met} of them met a fence ({metres} m)."
        ),
        [],
    )
    for mine in found.tracks:
        table = found.animals[found.animals["species"] == mine.species]
        low, high = (say(f"{hours:g}") for hours in (table["fix_interval_h"].min(), table["fix_interval_h"].max()))
        out.append(
            told.format(
                species=found.label(mine.species, say),
                n=len(table),
                fixes=_n(table["fixes"].sum()),
                hours=low if low == high else say("{low} to {high}").format(low=low, high=high),
                days=_n(table["animal_days"].sum()),
                met=int((table["encounters"] > 0).sum()),
                metres=f"{found.job.tracks.settings.encounter_m:g}",
            )
        )
    return out


def _encounters(found: Findings, row: dict[Any, Any], say: Language) -> str:
    name = f"{found.label(row['species'], say)}, {found.line_label(row['fence_line'], say)}"
    rate, low, high = (_f(row[key], say) for key in ("rate_per_100", "low_per_100", "high_per_100"))
    if not row["encounters"]:
        none = say("{name}: no encounter in {days} animal-days; up to {most} per 100 animal-days would fit.")
        return none.format(name=name, days=_n(row["animal_days"]), most=high)
    told = say("{name}: {n} encounters of {met} animals, {rate} ({low} to {high}) per 100 animal-days: {classes}.")
    classes = ", ".join(f"{say(words)} {row[key]}" for key, words in BEHAVIOURS.items() if row[key])
    return told.format(
        name=name, n=int(row["encounters"]), met=row["met"], rate=rate, low=low, high=high, classes=classes
    )


def _worth(found: Findings, one: Worth, say: Language) -> list[str]:
    weight, control = one.line.weight, one.line.control
    name = f"{found.label(one.species, say)}, {found.line_label(one.line.line, say)}"
    stated = _stated(one.stated, say)
    if weight.status != "ok":
        told = say("{name}: {why}; what is stated stands: {stated}.")
        return [told.format(name=name, why=say(weight.status), stated=stated)]
    seen = say("steps that crossed: {n}; to be expected without a fence: {expected}").format(
        n=weight.seen, expected=_f(weight.expected, say)
    )
    if one.status == "stays sealed":
        told = say(
            "{name}: {seen}. It is stated as sealed and stays so; a fence worth {km} km of open land or more would fit as well."
        )
        return [told.format(name=name, seen=seen, km=_f(one.worth_km(weight.high), say))]
    told = say(
        "{name}: {seen}. So a step across has {weight} ({low} to {high}) times the weight that it would have without a fence, and the "
        "fence is worth {km} km of open land at these steps."
    )
    middle, low, high = (say(f"{value:.2g}") for value in (weight.middle, weight.low, weight.high))
    worth = _km(one, weight.middle, weight.low, weight.high, say)
    out = [told.format(name=name, seen=seen, weight=middle, low=low, high=high, km=worth)]
    out.append(_with_both(name, one, stated, say))
    out += [_control(name, control.low, control.middle, control.high, say)] if control.status == "ok" else []
    if weight.animals < FEW:
        out.append(say("{name}: animals: {n}; that others do the same is assumed.").format(name=name, n=weight.animals))
    return out


def _with_both(name: str, one: Worth, stated: str, say: Language) -> str:
    """What stands with the tracks, or why it cannot."""
    if one.status == "body":
        told = say(
            "{name}: by its stated body no animal gets past this fence, and some did: correct {body}, or say in {ways} how it does; until "
            "then {file} leaves it out."
        )
        return told.format(name=name, body="`body`", ways="`body.other_ways`", file="permeability.yaml")
    told = say("{name}: stated before: {stated} ({origin}). With the tracks: {km} km.")
    middle, low, high = one.blended.posterior
    return told.format(
        name=name, stated=stated, origin=say.origin(one.stated.origin), km=_km(one, middle, low, high, say)
    )


def _stated(one: Permeability, say: Language) -> str:
    """What a permeability is worth, in words."""
    if math.isinf(one.worth_m):
        return say("sealed")
    return (
        say("{km} km of open land").format(km=say(figure(one.worth_m / 1000, "km", 3)))
        if one.worth_m
        else say("no hindrance")
    )


def _control(name: str, low: float, middle: float, high: float, say: Language) -> str:
    held = low <= 1.0 <= high
    told = say(
        "{name}: the same line shifted to where no fence stands has the weight {middle} ({low} to {high}), {verdict}."
    )
    verdict = (
        say("as it should be")
        if held
        else say("which it should not be: something besides the fence turns steps here, so take its worth with care")
    )
    middle_, low_, high_ = (say(f"{value:.2g}") for value in (middle, low, high))
    return told.format(name=name, middle=middle_, low=low_, high=high_, verdict=verdict)


def _km(one: Worth, middle: float, low: float, high: float, say: Language) -> str:
    told = say("{value} ({low} to {high})")
    return told.format(
        value=_f(one.worth_km(middle), say), low=_f(one.worth_km(high), say), high=_f(one.worth_km(low), say)
    )


def _land(found: Findings, one: Selection, say: Language) -> list[str]:
    name = found.label(one.species, say)
    if one.fit is None:
        return [say("{name}: no step selection: {why}.").format(name=name, why=say(one.status))]
    beta = one.fit.beta
    sure = [i for i in range(len(one.covariates)) if one.interval(i)[0] > 0 or one.interval(i)[1] < 0]
    liked = ", ".join(covariate_words(one.covariates[i], say) for i in sure if beta[i] > 0)
    shunned = ", ".join(covariate_words(one.covariates[i], say) for i in sure if beta[i] < 0)
    told = [say("more: {names}").format(names=liked)] if liked else []
    told += [say("less: {names}").format(names=shunned)] if shunned else []
    chosen = "; ".join(told) or say("no preference that the intervals hold")
    said = say("{name}: {n} steps, animals: {animals}. What they choose: {chosen} (errors by {clusters}).")
    by = say(one.clustered)
    out = [said.format(name=name, n=_n(one.fit.sets), animals=one.animals, chosen=chosen, clusters=by)]
    if one.held_out is None:
        few = say("{name}: too few {clusters} to hold some out, so the fit is not checked.")
        return [*out, few.format(name=name, clusters=by)]
    return [*out, _held_out(name, one.held_out, say)]


def _held_out(name: str, held: HeldOut, say: Language) -> str:
    sign = (
        say("better")
        if held.gain > 2 * held.error
        else say("no better for sure")
        if held.gain > -2 * held.error
        else say("worse")
    )
    told = say(
        "{name}: {n} steps of {clusters} that the fit did not see are predicted {better} than by blind choice (log probability {gain}, "
        "standard error {error}); {seen} of them crossed a fence where {predicted} were predicted."
    )
    gain, error = (say(text) for text in (f"{held.gain:+.3f}".replace("-", MINUS), f"{held.error:.3f}"))
    return told.format(
        name=name, n=_n(held.sets), clusters=say(held.by), better=sign, gain=gain, error=error, seen=held.crossings_seen,
        predicted=say(f"{held.crossings_predicted:.1f}"),
    )  # fmt: skip


def covariate_words(one: Covariate, say: Language = ENGLISH) -> str:
    """The layer, or a class of it."""
    layer = say(layer_words(one.layer.name))
    return layer if one.code is None else f"{layer} {one.code}"


def _prediction(found: Findings, say: Language) -> list[str]:
    table, held_out = found.predictions, bool(found.job.tracks.settings.held_out)
    if not len(table):
        none = [say("The results have no map of these species, or no track could be turned on known land.")]
        return [] if found.job.results is None else none
    said = [
        prediction_sentences(table[table["species"] == one], found.label(str(one), say), say, held_out=held_out)
        for one in table["species"].unique()
    ]
    return [sentence for some in said for sentence in some]


def ranking_sentences(found: Findings, say: Language = ENGLISH) -> list[str]:
    """What the next run takes, and what that does to the ranking."""
    if found.permeability is None:
        return [say("The tracks change no permeability, so the ranking of passages stays as it is.")]
    told = say("{name}: the next run takes {km} km of open land; stated: {stated}.")
    said = [
        told.format(
            name=f"{found.label(one.species, say)}, {found.line_label(one.line.line, say)}",
            km=_km(one, *one.blended.posterior, say),
            stated=_stated(one.stated, say),
        )
        for one in found.worth
        if one.status == "updated"
    ]
    if found.reranked is None:
        return [*said, say("The ranking was not computed again (--no-ranking).")]
    changed = say(
        "With the measured worth of fences {n} of {total} candidates change their rank over all species (Kendall’s tau {tau}); {first}."
    )
    return [*said, *reranking_sentences(found.reranked, found.job.inputs.cuts.fences, changed, say)]


def assumptions_of(found: Findings, say: Language = ENGLISH) -> list[str]:
    """What the numbers rest on."""
    s = found.job.tracks.settings
    encounter = say(
        "A fix within {metres} m of a fence is an encounter; up to {short} h it is a bounce or a quick cross, over {long} h trapped (Xu "
        "et al. 2021)."
    )
    short, long = (say(f"{hours:g}") for hours in (s.short_h, s.long_h))
    return [
        say(
            "Intervals hold the truth with 90 % probability if animals choose steps as the method supposes; they are of a typical animal."
        ),
        say(
            "An animal is supposed to choose among steps as long as the one that it took. One that stops short of the fence shows in the "
            "encounters, not in the crossing weight."
        ),
        encounter.format(metres=f"{s.encounter_m:g}", short=short, long=long),
        say("Steps under {metres} m count as errors of the receiver.").format(metres=f"{s.least_step_m:g}"),
        say("The stated permeability of a fence is worth {n} crossings; tracks outweigh it as they see more.").format(
            n=say(f"{s.prior_weight:g}")
        ),
        say(
            "Rates along fences are given by stretches of {km} km; they rank stretches, they do not count animals."
        ).format(km=f"{STRETCH_KM:g}"),
        say("What a fence is worth depends on the interval between fixes; the table by interval shows how much."),
    ]


def _f(value: Any, say: Language) -> str:
    return say(figure(float(value), "km", 2))


def _n(value: Any) -> str:
    return figure(round(float(value)), "1")
