"""The layers of a study, each read or derived on the study's grid."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np

from rasters import terrain
from rasters.distance import burn, distance_to
from rasters.errors import ConfigError, DataError, NodataFilledWarning, PlannerWarning
from rasters.files.reading import read_raster
from rasters.files.relief import escape_distance, fine_terrain, pixel_metres
from rasters.files.vectors import read_vectors
from rasters.grid import Grid
from rasters.surface import Layer
from scenarios.land.attributes import naming, require_columns
from scenarios.study.land import LayerSource
from scenarios.study.load import ResolvedStudy

__all__ = ["layer_order", "read_layer", "read_layers"]

FINER = 1.5
"""Times by which the cells of the grid may be wider than those of its relief before slopes on them are told."""


def read_layers(resolved: ResolvedStudy, grid: Grid) -> dict[str, Layer]:
    """Every layer of the study by name."""
    done: dict[str, Layer] = {}
    for name in layer_order(resolved):
        done[name] = read_layer(resolved, name, done, grid)
    return done


def layer_order(resolved: ResolvedStudy) -> list[str]:
    """Names of the layers, each after the one that it is derived from."""
    order: list[str] = []
    waiting = dict(resolved.study.layers)
    while waiting:
        ready = [n for n, source in waiting.items() if source.source is None or source.source in order]
        if not ready:
            raise ConfigError(f"{resolved.path}: layers: {', '.join(waiting)} are derived from each other in a circle")
        for name in ready:
            order.append(name)
            del waiting[name]
    return order


def read_layer(resolved: ResolvedStudy, name: str, done: dict[str, Layer], grid: Grid) -> Layer:
    """One layer of the study; ``done`` holds the one that it is derived from."""
    source = resolved.study.layers[name]
    return _filled(_layer(resolved, name, source, done, grid), source)


def _layer(resolved: ResolvedStudy, name: str, source: LayerSource, done: dict[str, Layer], grid: Grid) -> Layer:
    if source.derive is None:
        assert source.file is not None
        resampling = source.resampling
        if resampling is None and resolved.study.grid.like is not None and resolved.study.grid.cell_m is not None:
            resampling = "nearest" if source.unit == "class" else "average"
        return read_raster(
            resolved.file(source.file),
            grid,
            name=name,
            unit=source.unit,
            resampling=resampling,
            number=source.band,
            choose=f"choose one in {resolved.path.name}, layers.{name}: `band: 1`",
        )
    if source.reads_relief:
        return _from_relief(resolved, name, source, grid)
    if source.derive in ("burn", "distance") and source.file is not None:
        return _from_vectors(resolved, name, source, grid)
    assert source.source is not None
    base = done[source.source]
    if source.derive == "distance":
        assert source.above is not None
        return distance_to((base.values.astype(np.float64) >= source.above) & ~base.nodata, grid, name)
    _tell_of_averaged(resolved, name, source.source, grid)
    if source.derive == "ruggedness":
        return _renamed(terrain.ruggedness(base), name)
    return _renamed(terrain.slope(base, "percent" if source.derive == "slope_percent" else "deg"), name)


def _from_relief(resolved: ResolvedStudy, name: str, source: LayerSource, grid: Grid) -> Layer:
    """Terrain on the cells of a file of relief, gathered in those of the grid."""
    assert source.file is not None
    path, choose = resolved.file(source.file), f"choose one in {resolved.path.name}, layers.{name}: `band: 1`"
    with naming(f"{resolved.path}: layers.{name}"):
        if source.derive == "escape_distance":
            assert source.above is not None and source.at_most_m is not None
            return escape_distance(
                path, grid, name=name, above=source.above, at_most_m=source.at_most_m, number=source.band, choose=choose
            )
        assert source.derive in ("slope_percent", "slope_deg", "ruggedness") and source.per_cell is not None
        return fine_terrain(
            path,
            grid,
            name=name,
            measure=source.derive,
            per_cell=source.per_cell,
            above=source.above,
            number=source.band,
            choose=choose,
        )


def _tell_of_averaged(resolved: ResolvedStudy, name: str, base: str, grid: Grid) -> None:
    """Slopes of relief that was averaged to the grid are too low, and differ from cell size to cell size."""
    source = resolved.study.layers[base]
    if source.file is None or source.derive is not None:
        return
    fine, cell = pixel_metres(resolved.file(source.file), grid), grid.cell_width_m
    if cell > FINER * fine:
        derive = resolved.study.layers[name].derive
        warnings.warn(
            f"{resolved.path}: layers.{name}: {source.file} has cells of {fine:.0f} m, but {derive} is computed on cells of {cell:.0f} m, "
            f"which are too smooth; write `{name}: {{derive: {derive}, file: {source.file}, per_cell: mean}}`",
            PlannerWarning,
            stacklevel=2,
        )


def _from_vectors(resolved: ResolvedStudy, name: str, source: LayerSource, grid: Grid) -> Layer:
    assert source.file is not None
    features = read_vectors(resolved.file(source.file), source.table, grid, where=_query(source.where))
    features = require_columns(features, resolved.file(source.file), list(source.where or ()))
    if not len(features):
        raise DataError(
            f"{resolved.file(source.file)}: layers.{name}: no feature is left after `where`; check its values"
        )
    if source.derive == "distance":
        return distance_to(burn(features.geometry, grid, all_touched=True), grid, name)
    mask = burn(features.geometry, grid, all_touched=False)
    return Layer(name=name, values=mask.astype(np.uint8), nodata=np.zeros(grid.shape, bool), grid=grid, unit="class")


def _query(where: dict[str, list[str]] | None) -> str | None:
    """SQL condition that keeps features whose attributes have one of the listed values."""
    if not where:
        return None
    quoted = {key: ", ".join("'" + value.replace("'", "''") + "'" for value in values) for key, values in where.items()}
    return " AND ".join(f'"{key}" IN ({values})' for key, values in quoted.items())


def _renamed(layer: Layer, name: str) -> Layer:
    return replace(layer, name=name)


def _filled(layer: Layer, source: LayerSource) -> Layer:
    if source.fill_nodata is None or not layer.nodata.any():
        return layer
    warnings.warn(
        f"layer {layer.name}: {int(layer.nodata.sum())} cells without data were set to {source.fill_nodata:g} as the study asks",
        NodataFilledWarning,
        stacklevel=2,
    )
    values = np.where(layer.nodata, np.asarray(source.fill_nodata, dtype=layer.values.dtype), layer.values)
    return replace(layer, values=values, nodata=np.zeros(layer.grid.shape, bool))
