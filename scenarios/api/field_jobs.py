"""The commands on what was seen in the field for scripts: cameras, collars, patrols, yearly indicators; see `scenarios.api.jobs`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from scenarios.api.done import Done, Teller, Told
from scenarios.api.given import Folder, Names, Settings, Study, name_of, names_of, path_of

__all__ = [
    "crime",
    "evidence",
    "indicators",
    "share_evidence",
    "simulate_evidence",
    "simulate_tracks",
    "tracks",
]


def evidence(
    study: Study, data: Folder, out: Folder, *, results: Folder | None = None, alternative: Mapping[str, Folder] | None = None,
    settings: Folder | None = None, ranking: bool = True, seed: int = 1, scenario: str | None = None, species: Names = None,
    overrides: Settings = None, lang: str | None = None, progress: Told = None,
) -> Done:  # fmt: skip
    """What camera traps say: ``found`` is a `scenarios.evidence.findings.Findings`; ``alternative`` names other results."""
    from scenarios.evidence.session import run_evidence

    summary = run_evidence(
        name_of(study), Path(data), Path(out), Teller(progress), results=path_of(results),
        alternatives={name: Path(folder) for name, folder in (alternative or {}).items()}, scenario=scenario, species=names_of(species),
        overrides=overrides, settings=path_of(settings), ranking=ranking, seed=seed, lang=lang,
    )  # fmt: skip
    return Done(summary=summary)


def tracks(
    study: Study, data: Folder, out: Folder, *, results: Folder | None = None, alternative: Mapping[str, Folder] | None = None,
    settings: Folder | None = None, ranking: bool = True, seed: int = 1, scenario: str | None = None, species: Names = None,
    overrides: Settings = None, lang: str | None = None, progress: Told = None,
) -> Done:  # fmt: skip
    """What collars say: ``found`` is a `scenarios.tracks.findings.Findings`; ``alternative`` names other results."""
    from scenarios.tracks.session import run_tracks

    summary = run_tracks(
        name_of(study), Path(data), Path(out), Teller(progress), scenario=scenario, species=names_of(species), overrides=overrides,
        settings=path_of(settings), ranking=ranking, seed=seed, lang=lang, results=path_of(results),
        alternatives={name: Path(folder) for name, folder in (alternative or {}).items()},
    )  # fmt: skip
    return Done(summary=summary)


def simulate_evidence(
    study: Study,
    out: Folder,
    *,
    seed: int = 1,
    scenario: str | None = None,
    overrides: Settings = None,
    progress: Told = None,
) -> Done:
    """Make SYNTHETIC camera-trap and patrol data with their truth."""
    from scenarios.synthetic.traps import simulate_evidence as simulate

    return Done(summary=simulate(name_of(study), scenario, Path(out), overrides or {}, Teller(progress), seed=seed))


def simulate_tracks(
    study: Study, out: Folder, *, seed: int = 1, days: int = 240, scenario: str | None = None, overrides: Settings = None,
    progress: Told = None,
) -> Done:  # fmt: skip
    """Make SYNTHETIC tracks of collared animals with their truth."""
    from scenarios.synthetic.walkers import simulate_tracks as simulate

    return Done(
        summary=simulate(name_of(study), scenario, Path(out), overrides or {}, Teller(progress), seed=seed, days=days)
    )


def share_evidence(
    study: Study, evidence: Folder, out: Folder, *, audience: str = "public", progress: Told = None
) -> Done:
    """A package of the evidence for partners or the public."""
    from scenarios.evidence.sharing import share_evidence as share

    return Done(summary=share(name_of(study), Path(evidence), Path(out), Teller(progress), audience=audience))


def crime(
    study: Study, data: Folder, out: Folder, *, results: Folder | None = None, audience: str = "partner", scenario: str | None = None,
    overrides: Settings = None, lang: str | None = None, progress: Told = None,
) -> Done:  # fmt: skip
    """Count what patrols meet: rates, change, blind spots, and a map of poaching risk."""
    from scenarios.crime.session import run_crime

    summary = run_crime(
        name_of(study), Path(data), Path(out), Teller(progress), scenario=scenario, overrides=overrides, results=path_of(results),
        audience=audience, lang=lang,
    )  # fmt: skip
    return Done(summary=summary)


def indicators(
    study: Study, year: Mapping[int, str], out: Folder, *, traps: Folder | None = None, patrols: Folder | None = None, draws: int = 8,
    seed: int = 1, species: Names = None, audience: str = "partner", lang: str | None = None, progress: Told = None,
) -> Done:  # fmt: skip
    """The yearly table: ``year={2025: "baseline", 2026: "agreed-1km"}`` says what stood in each."""
    from scenarios.indicators.session import run_indicators

    summary = run_indicators(
        name_of(study), [f"{one}={scenario}" for one, scenario in year.items()], Path(out), Teller(progress), species=names_of(species),
        traps=path_of(traps), patrols=path_of(patrols), draws=draws, seed=seed, audience=audience, lang=lang,
    )  # fmt: skip
    return Done(summary=summary)
