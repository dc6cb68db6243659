"""Runs that are written leave memory: their rasters wait for the pages in files without a name."""

from __future__ import annotations

from dataclasses import replace
from tempfile import TemporaryFile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rasters.surface import Layer
from scenarios.outputs.release import Release

__all__ = ["parked"]


def parked(run: Release) -> Release:
    """The same run, its rasters in temporary files that the system reads where they are used and takes away with them."""
    return replace(
        run,
        cwd=_on_disk(run.cwd),
        corridor=_on_disk(run.corridor),
        current_density=_on_disk(run.current_density),
        surface=replace(run.surface, values=_on_disk(run.surface.values)),
        layers={name: _parked_layer(layer) for name, layer in run.layers.items()},
    )


def _parked_layer(layer: Layer) -> Layer:
    return replace(layer, values=_on_disk(layer.values))


def _on_disk(values: NDArray[Any]) -> NDArray[Any]:
    with TemporaryFile() as file:  # the map holds a handle of its own; the file goes when that is let go
        file.write(np.ascontiguousarray(values).data)
        file.flush()
        return np.memmap(file, values.dtype, "r", shape=values.shape)
