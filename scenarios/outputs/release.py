"""A run as somebody gets it: for whom the copy is, and the small model of passages that travels with it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from scenarios.model.ground import Ground
from scenarios.model.results import SpeciesRun
from scenarios.outputs.audience import Audience

if TYPE_CHECKING:
    from scenarios.model.passage_model import PassageModel

__all__ = ["MODEL", "Release", "is_withheld", "reader_of"]

MODEL = "model.npz"
"""File of a run's `PassageModel`, where it has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release(SpeciesRun):
    """A copy of a `SpeciesRun` that is handed out.

    Parameters
    ----------
    audience : Audience
        For whom the copy is; `scenarios.outputs.generalise.generalised` takes away what others may not see.
    model : PassageModel, optional
        Some of the candidates as an exact small model, for trying sets of them.
    """

    audience: Audience = Audience.RESTRICTED
    model: PassageModel | None = None

    @classmethod
    def of(cls, run: SpeciesRun, **more: Any) -> Release:
        """A run, or a release of it, with what is known of the copy."""
        return cls(**{one.name: getattr(run, one.name) for one in fields(run)} | more)


def is_withheld(run: Ground) -> bool:
    """Whether how animals move is withheld: from the public, once any fence is opened, because it tells where."""
    return reader_of(run) is Audience.PUBLIC and run.openings_stand


def reader_of(run: Ground) -> Audience:
    """For whom a run is; one that was never released is the working copy, at full precision."""
    return run.audience if isinstance(run, Release) else Audience.RESTRICTED
