"""Profiles of the bundled species for a region: their land cover in WorldCover's classes, without layers that the region has not."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import yaml

from rasters.errors import OptionError
from rasters.plain import unknown
from scenarios.study.load import bundled_profiles

__all__ = ["IGBP_OF", "RegionProfile", "region_profile", "species_names"]

IGBP_OF = {
    10: (5, "trees"),
    20: (7, "shrub"),
    30: (10, "grass"),
    40: (12, "cropland"),
    50: (13, "built-up"),
    60: (16, "bare ground"),
    70: (15, "snow and ice"),
    80: (17, "water; the water layer decides"),
    90: (11, "wetland"),
    95: (11, "mangroves"),
    100: (10, "moss and lichen"),
}
"""WorldCover's code -> the IGBP code whose number a profile's rule gives it, and what it means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionProfile:
    """A profile as plain data, and what of it does not count in the region."""

    data: dict[str, Any]
    dropped: tuple[str, ...]


def species_names() -> list[str]:
    """Names of the species with a profile."""
    return sorted(bundled_profiles())


def region_profile(name: str, layers: Collection[str], designs: Collection[str]) -> RegionProfile:
    """A species' profile for a study with some layers and designs.

    Raises
    ------
    OptionError
        For a species without a profile.
    """
    if name not in species_names():
        raise OptionError(f"--species: {unknown('species', name, species_names())}")
    data: dict[str, Any] = yaml.safe_load(bundled_profiles()[name].read_text(encoding="utf-8"))
    dropped = []
    for part in ("rules", "factors"):
        rows = data.get(part, [])
        dropped += [row["layer"] for row in rows if row["layer"] not in layers]
        data[part] = [_for_region(row) for row in rows if row["layer"] in layers]
    data["use_factor"] = {key: one for key, one in data.get("use_factor", {}).items() if key in designs}
    for key in ("assumptions", "assumptions_ru", "assumptions_kk"):
        data.pop(key, None)  # of the bundled study's cells and layers
    return RegionProfile(data=data, dropped=tuple(dropped))


def _for_region(rule: dict[str, Any]) -> dict[str, Any]:
    """Slopes are of the fine relief already; land cover is of other classes."""
    rule = {key: value for key, value in rule.items() if key != "measured_at"}
    if rule["layer"] != "landcover":
        return rule
    of_code = {code: row for row in rule["classes"] for code in row["codes"]}
    classes = [
        {"codes": [code], "means": means, "value": of_code[igbp]["value"]} for code, (igbp, means) in IGBP_OF.items()
    ]
    classes[7]["codes"] = [0, 80]
    return {
        **rule,
        "origin": "expert placeholder for IGBP classes, carried over to those of ESA WorldCover",
        "classes": classes,
    }
