"""One setting for every test: the repository on the path, quiet terminals, the same hypothesis examples on every run."""

from __future__ import annotations

import os
import sys
from functools import cache
from itertools import count
from pathlib import Path

import pytest
import typer.testing
from hypothesis import settings

ROOT = Path(__file__).parents[1]

if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

for name in ("OTKEL_TRACEBACK", "FORCE_COLOR", "CLICOLOR_FORCE"):
    os.environ.pop(name, None)
os.environ.setdefault("OTKEL_BOUNDSCHECK", "0")
os.environ["NO_COLOR"] = "1"
os.environ["COLUMNS"] = "200"

settings.register_profile("same", derandomize=True, deadline=None, database=None)
settings.register_profile("explore", deadline=None)
settings.load_profile("explore" if os.environ.get("OTKEL_EXPLORE") == "1" else "same")

NUMBERS = count()

typer.main.get_command = typer.testing._get_command = cache(typer.main.get_command)  # type: ignore[attr-defined]
"""Building the tree of commands takes as long as most of what they are asked here, and it is always the same tree."""


@pytest.fixture(autouse=True)
def own_steps(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test keeps its solved steps for itself."""
    monkeypatch.setenv("OTKEL_STEPS", str(tmp_path_factory.getbasetemp() / f"steps-{next(NUMBERS)}"))
