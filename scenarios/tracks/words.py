"""What the collars say, in sentences made from numbers only."""

from __future__ import annotations

from rasters.numbers import figure
from scenarios.statistics.fence_encounters import CLASSES
from scenarios.tracks.encounters import STRETCH_KM
from scenarios.tracks.findings import Findings
from scenarios.tracks.worth import Worth

__all__ = ["assumptions_of", "sentences_of"]

FEW = 5
"""Animals below which what they say may be their own."""


def sentences_of(found: Findings) -> dict[str, list[str]]:
    """Section -> sentences: animals, encounters, worth, land, ranking."""
    return {
        "animals": _animals(found),
        "encounters": [_encounters(found, row) for row in found.rates.to_dict("records")],
        "worth": [sentence for one in found.worth for sentence in _worth(found, one)],
        "land": _land(found),
        "ranking": _ranking(found),
    }


def _animals(found: Findings) -> list[str]:
    if not found.tracks:
        return ["No animal is of a species of the study, so nothing can be said."]
    out = []
    for mine in found.tracks:
        table = found.animals[found.animals["species"] == mine.species]
        low, high = table["fix_interval_h"].min(), table["fix_interval_h"].max()
        every = f"{low:g} h" if low == high else f"{low:g} to {high:g} h"
        met = int((table["encounters"] > 0).sum())
        out.append(
            f"{found.label(mine.species)}: {len(table)} animals, {_n(table['fixes'].sum())} fixes every {every}, "
            f"{_n(table['animal_days'].sum())} animal-days; {met} of them met a fence ({found.job.tracks.settings.encounter_m:g} m)."
        )
    return out


def _encounters(found: Findings, row: dict[str, object]) -> str:
    name = f"{found.label(str(row['species']))}, {row['fence_line']}"
    n = int(row["encounters"])  # type: ignore[call-overload]
    rate = f"{_f(row['rate_per_100'])} ({_f(row['low_per_100'])} to {_f(row['high_per_100'])}) per 100 animal-days"
    if not n:
        most = _f(row["high_per_100"])
        return (
            f"{name}: no encounter in {_n(row['animal_days'])} animal-days; up to {most} per 100 animal-days would fit."
        )
    classes = ", ".join(f"{name.replace('_', ' ')} {row[name]}" for name in CLASSES if row[name])
    return f"{name}: {n} encounters of {row['met']} animals, {rate}: {classes}."


def _worth(found: Findings, one: Worth) -> list[str]:
    weight, control = one.line.weight, one.line.control
    name = f"{found.label(one.species)}, {one.line.line}"
    if weight.status != "ok":
        return [f"{name}: {weight.status}; the stated permeability stands ({one.stated.in_words()})."]
    seen = f"{weight.seen} steps crossed where {_f(weight.expected)} would have without a fence"
    if one.status == "stays sealed":
        return [
            f"{name}: {seen}. It is stated as sealed and stays so; a fence worth {_f(one.worth_km(weight.high))} km of open land or "
            "more would fit as well."
        ]  # fmt: skip
    out = [
        f"{name}: {seen}, so a step across has {weight.middle:.2g} ({weight.low:.2g} to {weight.high:.2g}) times the weight that it would "
        f"have, and the fence is worth {_km(one, weight.middle, weight.low, weight.high)} km of open land at these steps."
    ]
    if one.status == "body":
        out.append(
            f"{name}: by its stated body no animal gets past this fence, and some did: correct `body`, or say in `body.other_ways` how it "
            "does; until then permeability.yaml leaves it out."
        )
    else:
        middle, low, high = one.blended.posterior
        out.append(
            f"{name}: stated before: {one.stated.in_words()} ({one.stated.origin}). With the tracks: {_km(one, middle, low, high)} km."
        )
    out += [_control(name, control.low, control.middle, control.high)] if control.status == "ok" else []
    if weight.animals < FEW:
        out.append(f"{name}: these are {weight.animals} animals; that others do the same is assumed.")
    return out


def _control(name: str, low: float, middle: float, high: float) -> str:
    held = low <= 1.0 <= high
    verdict = (
        "as it should be"
        if held
        else "which it should not be: something besides the fence turns steps here, so take its worth with care"
    )
    return f"{name}: the same line shifted to where no fence stands has the weight {middle:.2g} ({low:.2g} to {high:.2g}), {verdict}."


def _km(one: Worth, middle: float, low: float, high: float) -> str:
    return f"{_f(one.worth_km(middle))} ({_f(one.worth_km(high))} to {_f(one.worth_km(low))})"


def _land(found: Findings) -> list[str]:
    out = []
    for one in found.selections:
        name = found.label(one.species)
        if one.fit is None:
            out.append(f"{name}: no step selection: {one.status}.")
            continue
        sure = [i for i in range(len(one.covariates)) if one.interval(i)[0] > 0 or one.interval(i)[1] < 0]
        told = ", ".join(f"{'more' if one.fit.beta[i] > 0 else 'less'} {one.covariates[i].name}" for i in sure)
        chosen = f"choose {told}" if told else "show no preference that the intervals hold"
        out.append(f"{name}: {_n(one.fit.sets)} steps of {one.animals} animals {chosen} (errors by {one.clustered}).")
        held = one.held_out
        if held is None:
            out.append(f"{name}: too few {one.clustered} to hold some out, so the fit is not checked.")
        else:
            sign = (
                "better"
                if held.gain > 2 * held.error
                else "no better for sure"
                if held.gain > -2 * held.error
                else "worse"
            )
            out.append(
                f"{name}: {held.sets} steps of {held.by} that the fit did not see are predicted {sign} than by blind choice (log score "
                f"{held.gain:+.3f}, standard error {held.error:.3f}); {held.crossings_seen} of them crossed a fence where "
                f"{held.crossings_predicted:.1f} were predicted."
            )
    return out


def _ranking(found: Findings) -> list[str]:
    if found.permeability is None:
        return ["The tracks change no permeability, so the ranking of passages stays as it is."]
    said = list(found.permeability.sentences)
    return said + (
        list(found.reranked.sentences) if found.reranked else ["The ranking was not computed again (--no-ranking)."]
    )


def assumptions_of(found: Findings) -> list[str]:
    """What the numbers rest on."""
    s = found.job.tracks.settings
    return [
        "Intervals hold the truth with 90 % probability if animals choose steps as the method supposes; they are of a typical animal.",
        "An animal is supposed to choose among steps as long as the one that it took. One that stops short of the fence shows in the "
        "encounters, not in the crossing weight.",
        f"A fix within {s.encounter_m:g} m of a fence is an encounter; up to {s.short_h:g} h it is a bounce or a quick cross, over "
        f"{s.long_h:g} h trapped (Xu et al. 2021).",
        f"Steps under {s.least_step_m:g} m count as errors of the receiver.",
        f"The stated permeability of a fence is worth {s.prior_weight:g} crossings; tracks outweigh it as they see more.",
        f"Rates along fences are given by stretches of {STRETCH_KM:g} km; they rank stretches, they do not count animals.",
        "What a fence is worth depends on the interval between fixes; the table by interval shows how much.",
    ]


def _f(value: object) -> str:
    return figure(float(value), "km", 2)  # type: ignore[arg-type]


def _n(value: object) -> str:
    return figure(round(float(value)), "1")  # type: ignore[arg-type]
