"""GeoJSON as RFC 7946 has it, and GeoPackages with QGIS styles in the language asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyogrio

from rasters.files.confined import confined
from rasters.files.writing import replacing
from scenarios.outputs.field.content import FieldContent
from scenarios.outputs.gis.geopackage import layers_of, metadata_of, write_run
from scenarios.outputs.release import Release

__all__ = ["write_geojson", "write_geopackages"]

MAP_COLUMNS = ("x_m", "y_m")
"""Positions in the study's CRS: in a file that knows only degrees they would mislead."""


def _stem(run: Release) -> str:
    return f"{run.study}_{run.scenario}_{run.species}".replace("/", "-")


def write_geopackages(content: FieldContent, folder: Path) -> list[Path]:
    """One GeoPackage for each species."""
    end = f"{content.audience}{content.say.suffix}.gpkg"
    return [write_run(run, confined(folder, f"{_stem(run)}_{end}"), content.say) for run in content.runs]


def write_geojson(content: FieldContent, folder: Path) -> list[Path]:
    """One file for each species and layer that holds something; positions in degrees on WGS 84."""
    written = []
    for run in content.runs:
        note = "; ".join(f"{key}: {value}" for key, value in metadata_of(run).items() if value)
        for name, frame in layers_of(run).items():
            if frame.empty:
                continue
            path = confined(folder, f"{_stem(run)}_{name}_{run.audience}.geojson")
            plain = frame.drop(columns=[c for c in MAP_COLUMNS if c in frame]).replace([np.inf, -np.inf], np.nan)
            with replacing(path) as part:
                pyogrio.write_dataframe(
                    plain.to_crs("EPSG:4326"),
                    part,
                    driver="GeoJSON",
                    layer=name,
                    layer_options={"RFC7946": "YES", "DESCRIPTION": note, "WRITE_NAME": "YES"},
                )
            written.append(path)
    return written
