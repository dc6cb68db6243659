"""Stand-ins for the maps of a run, which cost five times what the rest of a small run costs: draw maps only where a test looks at them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from rasters.files.writing import replacing
from scenarios.outputs import species
from scenarios.outputs.map import sheets_of
from scenarios.outputs.release import reader_of

__all__ = ["drawn_maps", "token_maps"]

DRAWN = species.write_maps


def _token(run: Any, stem: str) -> Image.Image:
    """A picture of 8 x 8 pixels that is another one when what the map shows is."""
    digest = hashlib.sha512(f"{stem} {run.study} {run.scenario} {run.species} {reader_of(run)}".encode())
    for values in (run.surface.values, run.cwd, run.corridor, run.current_density):
        digest.update(np.asarray(values, np.float32).tobytes())
    return Image.frombytes("L", (8, 8), digest.digest())


def token_maps(run: Any, folder: Path, **_: Any) -> list[Path]:
    """The files that `write_maps` would write, of tokens."""
    written = []
    for stem in sheets_of(run):
        written.append(folder / f"{stem}.png")
        with replacing(written[-1]) as part:
            _token(run, stem).save(part, format="PNG")
    return written


@contextmanager
def drawn_maps() -> Iterator[None]:
    """Within it, runs draw their maps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(species, "write_maps", DRAWN)
        yield
