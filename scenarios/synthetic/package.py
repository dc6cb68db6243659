"""A Camtrap DP package of synthetic camera traps: its tables, its descriptor and what the study states of its passages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from rasters.errors import ConfigError
from scenarios.evidence.standard import TABLES
from scenarios.synthetic.land import SyntheticLand

__all__ = ["LABEL", "write_package"]

LABEL = "SYNTHETIC: made by a simulator, nothing here was observed"
OFFSET_MIN = 300


def write_package(land: SyntheticLand, folder: Path, deployments: pd.DataFrame, observations: pd.DataFrame) -> None:
    """Write the tables, ``datapackage.json`` and ``evidence.yaml`` into a folder.

    Parameters
    ----------
    deployments : DataFrame
        ``deploymentID, site, kind, of, x, y`` [map units], ``start, end`` [local time], ``gap``.
    observations : DataFrame
        ``deploymentID, start, end, name, type, tags, count``.
    """
    lon, lat = land.marks.grid.lonlat(deployments["x"].to_numpy(float), deployments["y"].to_numpy(float))
    ids = [f"syn-o{i + 1:06d}" for i in range(len(observations))]
    tables = {
        "deployments": _deployments(deployments, lon, lat),
        "media": _media(observations, ids),
        "observations": _observations(observations, ids),
    }
    for name, columns in tables.items():
        order = [field.name for field in TABLES[name].fields]
        pd.DataFrame(columns).reindex(columns=order).to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
    descriptor = _descriptor(land, deployments, lon, lat)
    (folder / "datapackage.json").write_text(
        json.dumps(descriptor, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    stated = {"synthetic": True, "passages": [one.model_dump(exclude_none=True) for one in land.stated]}
    text = f"# {LABEL}.\n" + yaml.safe_dump(stated, sort_keys=False, allow_unicode=True)
    (folder / "evidence.yaml").write_text(text, encoding="utf-8")


def _deployments(deployments: pd.DataFrame, lon: np.ndarray, lat: np.ndarray) -> dict[str, Any]:
    return {
        "deploymentID": deployments["deploymentID"],
        "locationID": deployments["site"],
        "locationName": "SYNTHETIC " + deployments["site"],
        "latitude": np.round(lat, 5),
        "longitude": np.round(lon, 5),
        "coordinateUncertainty": 10,
        "deploymentStart": deployments["start"].map(_iso),
        "deploymentEnd": deployments["end"].map(_iso),
        "timestampIssues": "false",
        "cameraID": "syn-" + deployments["site"],
        "deploymentTags": [_tags_of(one) for one in deployments.itertuples()],
        "deploymentComments": LABEL,
    }


def _media(observations: pd.DataFrame, ids: list[str]) -> dict[str, Any]:
    return {
        "mediaID": [f"syn-m{i + 1:06d}" for i in range(len(ids))],
        "deploymentID": observations["deploymentID"],
        "captureMethod": "activityDetection",
        "timestamp": observations["start"].map(_iso),
        "filePath": [f"no-picture/{i}.jpg" for i in ids],
        "filePublic": "false",
        "fileMediatype": "image/jpeg",
        "mediaComments": "SYNTHETIC: there is no picture",
    }


def _observations(observations: pd.DataFrame, ids: list[str]) -> dict[str, Any]:
    return {
        "observationID": ids,
        "deploymentID": observations["deploymentID"],
        "eventID": [f"syn-e{i + 1:06d}" for i in range(len(ids))],
        "eventStart": observations["start"].map(_iso),
        "eventEnd": observations["end"].map(_iso),
        "observationLevel": "event",
        "observationType": observations["type"],
        "scientificName": observations["name"],
        "count": [f"{n:.0f}" if n == n else "" for n in observations["count"]],
        "observationTags": observations["tags"],
        "observationComments": "SYNTHETIC",
    }


def _tags_of(one: Any) -> str:
    tags = ["synthetic", f"kind:{one.kind}"]
    tags += [f"role:control | control_of:{one.of}"] if one.kind == "control" else []
    return " | ".join([*tags, *([f"gap:{one.gap}"] if one.gap else [])])


def _iso(moment: pd.Timestamp) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}+{OFFSET_MIN // 60:02d}:00"


def _descriptor(land: SyntheticLand, deployments: pd.DataFrame, lon: np.ndarray, lat: np.ndarray) -> dict[str, Any]:
    """The package's datapackage.json."""
    if not len(deployments):
        raise ConfigError("no camera could be placed on the study's grid")
    base = "https://raw.githubusercontent.com/tdwg/camtrap-dp/1.0.2"
    west, east, south, north = (round(float(v), 3) for v in (lon.min(), lon.max(), lat.min(), lat.max()))
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {
        "synthetic": True,
        "name": f"synthetic-{land.resolved.study.study}",
        "title": f"SYNTHETIC camera traps for the study {land.resolved.study.title}",
        "description": f"{LABEL}. The numbers that the data were drawn from are in truth.json.",
        "profile": f"{base}/camtrap-dp-profile.json",
        "created": "2025-06-01T00:00:00Z",
        "contributors": [{"title": "otkel evidence simulate", "role": "publisher"}],
        "licenses": [{"name": "CC0-1.0", "scope": "data"}, {"name": "CC0-1.0", "scope": "media"}],
        "project": {
            "title": "SYNTHETIC",
            "samplingDesign": "targeted",
            "captureMethod": ["activityDetection"],
            "individualAnimals": False,
            "observationLevel": ["event"],
        },
        "spatial": {"type": "Polygon", "coordinates": [ring]},
        "temporal": {"start": f"{deployments['start'].min():%Y-%m-%d}", "end": f"{deployments['end'].max():%Y-%m-%d}"},
        "taxonomic": [{"scientificName": p.scientific_name} for p in land.inputs.profiles.values()],
        "resources": [
            {
                "name": name,
                "path": f"{name}.csv",
                "profile": "tabular-data-resource",
                "format": "csv",
                "mediatype": "text/csv",
                "encoding": "utf-8",
                "schema": f"{base}/{name}-table-schema.json",
            }
            for name in TABLES
        ],
    }
