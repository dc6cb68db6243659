"""What a study of a region says of itself: what it does not know, and what it assumes; in three languages."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from string import Template

from scenarios.region.source import Layers
from scenarios.study.base import LANGUAGES
from scenarios.study.documents import read_document

__all__ = ["assumptions"]

SENTENCES = Path(__file__).parent / "templates" / "sentences.yaml"


def assumptions(layers: Layers, lacking: Collection[str]) -> dict[str, list[str]]:
    """Sentences that go with every map and table, by language, in the same order.

    Parameters
    ----------
    layers : Layers
        What the study is made of.
    lacking : collection of str
        Layers that profiles have rules on and the study has not.
    """
    fences, gates = layers.tables.get("fences", ()), layers.tables.get("gates")
    n_gaps = 0 if gates is None else int((gates["kind"] == "entrance").sum())
    words = {
        "n_fences": len(fences),
        "n_short": layers.left_out.get("short fences", 0),
        "n_gaps": n_gaps,
        "n_gates": 0 if gates is None else len(gates) - n_gaps,
        "lacking": ", ".join(sorted(lacking)),
        "fine_m": f"{layers.ground.fine_m:.0f}" if layers.ground else "",
    }
    chosen = [
        "fences_of_osm" if len(fences) else "fences_drawn",
        *(["permeability"] if len(fences) else []),
        *(["gates"] if gates is not None else []),
        "cores",
        "placeholders",
        "lacking" if lacking else "nothing_lacks",
        "relief",
    ]
    texts = read_document(SENTENCES).data
    return {language: [Template(texts[name][language]).substitute(words) for name in chosen] for language in LANGUAGES}
