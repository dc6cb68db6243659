"""The chosen plan as a scenario file: what `otkel run`, and after it every exporter, takes as its subject."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from rasters.files.writing import replacing
from scenarios.outputs.report.basis import Basis
from scenarios.outputs.translate import language
from scenarios.passages.choose import PortfolioRun
from scenarios.study.load import ResolvedStudy

__all__ = ["SCENARIO", "next_step", "write_scenario"]

SCENARIO = "scenario.yaml"


def write_scenario(run: PortfolioRun, folder: Path) -> Path:
    """Write `SCENARIO`: the study's scenario with the plan's passages as planned openings and its actions done."""
    resolved = run.resolved
    basis = Basis.of(resolved.settings, resolved.base or resolved.scenario, resolved.overrides)
    table = run.candidates.set_index("candidate")
    passages = [name for name in run.names_of(run.best) if name in table.index and table.loc[name, "kind"] == "passage"]
    actions = [name for name in run.names_of(run.best) if name not in passages]
    changes = {key: value for key, value in basis.overrides.items() if key not in ("openings", "done")}
    changes["openings"] = [*basis.openings, *_rules(run, passages, {rule["id"] for rule in basis.openings})]
    if actions or resolved.study.done:
        changes["done"] = [*resolved.study.done, *actions]
    file = {
        "scenario": f"{resolved.scenario}-plan",
        **_titles(resolved, run.best.budget),
        "study": resolved.study.study,
        "base": basis.base,
        "set": changes,
    }
    with replacing(folder / SCENARIO) as part:
        part.write_text(
            f"# {next_step()}\n{yaml.safe_dump(file, sort_keys=False, allow_unicode=True, width=120)}",
            encoding="utf-8",
        )
    return folder / SCENARIO


def _titles(resolved: ResolvedStudy, budget: float) -> dict[str, str]:
    """Title of the plan, and in the languages in which the scenario has one."""
    every = {"en": resolved.scenario_title, **resolved.scenario_titles}
    return {
        "title" if lang == "en" else f"title_{lang}": say("{scenario}: plan for {budget} cost units").format(
            scenario=title, budget=say(f"{budget:g}")
        )
        for lang, title in every.items()
        for say in [language(lang)]
    }


def next_step() -> str:
    """How to get maps, tables, sheets and field files of the plan."""
    command = f"otkel run STUDY --scenario {SCENARIO} --out PLAN"
    return f"{command}: maps and tables of this plan; then otkel export PLAN for sheets and field files"


def _rules(run: PortfolioRun, passages: list[str], taken: set[str]) -> list[dict[str, Any]]:
    """Openings of the plan: one rule for each fence line, design, width and season."""
    months = {point.id: list(point.months) for point in run.resolved.study.candidates.points}
    rows = run.candidates.set_index("candidate").loc[passages].reset_index()
    rows["season"] = [tuple(months.get(name, ())) for name in rows["candidate"]]
    out: list[dict[str, Any]] = []
    free = (name for number in range(1, len(taken) + len(rows) + 2) if (name := f"plan-{number}") not in taken)
    for (line, design, width, season), group in rows.groupby(["fence_line", "design", "width_m", "season"], sort=False):
        rule = {
            "id": next(free),
            "fence_line": str(line),
            "design": str(design),
            "width_m": float(width),
            "state": "planned",
        }
        out.append(rule | ({"months": list(season)} if season else {}) | {"at": group["candidate"].tolist()})
    return out
