"""What partners and the public may have of an evidence folder: files, columns, figures, and how that is said."""

from __future__ import annotations

from scenarios.outputs.audience import PARTNER_DEG, Audience

__all__ = [
    "COUNTS",
    "FIGURES",
    "LEAST_PLACES",
    "LEAST_PLACES_SENSITIVE",
    "NOTES",
    "OWN_MAPS",
    "PARTNER",
    "PUBLIC",
    "READ",
    "SYNTHETIC",
    "TAKEN",
    "TEXT",
]

LEAST_PLACES, LEAST_PLACES_SENSITIVE = 3, 5
"""A number for the public rests on at least this many passages, places or sites; more for the most sensitive species."""
FIGURES = {Audience.PARTNER: 3, Audience.PUBLIC: 2}
"""Significant figures of what is not counted (partner) and of every number (public)."""

INTERVAL = ("rate_per_100", "low_per_100", "high_per_100")
RANKS = ("spearman", "spearman_low", "spearman_high", "auc", "auc_low", "auc_high")
CORRIDOR = ("corridor_spearman", "corridor_low", "corridor_high")
PREDICTION = ("species", "sites", "events", "days", *RANKS, *CORRIDOR, "verdict", "more_days")
PRIOR = ("prior", "prior_low", "prior_high", "mean", "low", "high")
SEASONS = ("species", "season", "days", "crossings", *INTERVAL, "status")

PARTNER = {
    "deployments.csv": ("site", "kind", "days", "lat", "lon"),
    "passage_use.csv": (
        "kind",
        "watched",
        "design",
        "period",
        "species",
        "deployments",
        "days",
        "events",
        "animals",
        "through",
        "turned_back",
        "unknown",
        "crossings",
        *INTERVAL,
        "method",
        "dispersion",
        "status",
    ),
    "seasons.csv": SEASONS,
    "hours.csv": ("species", "hour", "events", *INTERVAL, "status"),
    "baci.csv": (
        "species",
        "ratio",
        "low",
        "high",
        "probability_of_rise",
        "passages",
        "controls",
        "events",
        "dispersion",
        "status",
    ),
    "use_factors.csv": ("species", "design", "passage", *PRIOR, "through", "turned_back", "status"),
    "occupancy.csv": (
        "species",
        "group",
        "units",
        "seen_at",
        "naive",
        "psi",
        "low",
        "high",
        "rate_per_100",
        "days_to_see",
        "status",
    ),
    "places.csv": ("species", "unit", "name", "group", "days", "occasions", "detections", "probability_used", "status"),
    "prediction.csv": PREDICTION,
    "calibration.csv": ("species", "predicted", "sites", "events", "days", "rate", "low", "high"),
    "predictors.csv": ("species", "predictor", "slope", "deviance", "gain", "gain_error"),
    "power.csv": ("species", "days", "power"),
}
PUBLIC = {
    "seasons.csv": SEASONS,
    "use_factors.csv": ("species", "design", *PRIOR, "status"),
    "occupancy.csv": ("species", "group", "units", "naive", "psi", "low", "high", "status"),
    "prediction.csv": PREDICTION,
    "power.csv": ("species", "days", "power"),
}
READ = {
    Audience.PARTNER: PARTNER,
    Audience.PUBLIC: PUBLIC
    | {
        "passage_use.csv": ("kind", "watched", "period", "days"),
        "use_factors.csv": (*PUBLIC["use_factors.csv"], "passage"),
    },
}
"""What is read: for the public also the columns by which it is counted on how many passages a number rests."""
TEXT = {
    "site",
    "kind",
    "watched",
    "design",
    "period",
    "species",
    "season",
    "method",
    "passage",
    "group",
    "unit",
    "name",
    "verdict",
    "predictor",
    "status",
}
COUNTS = {
    "deployments",
    "events",
    "animals",
    "through",
    "turned_back",
    "unknown",
    "crossings",
    "hour",
    "passages",
    "controls",
    "units",
    "seen_at",
    "occasions",
    "detections",
    "sites",
}
OWN_MAPS = ("current", "corridor", "low resistance", "constant rate")
SYNTHETIC = "SYNTHETIC DATA: made by a simulator. Nothing in this package was observed."
NOTES = {
    Audience.PARTNER: (
        f"partner: cameras at the nodes of the {PARTNER_DEG:g} degree grid, passages, sites and stretches of fence numbered, "
        "no events, no dates, whole camera-days; do not pass on"
    ),
    Audience.PUBLIC: (
        f"public: totals only, to {FIGURES[Audience.PUBLIC]} figures, each from at least {LEAST_PLACES} places "
        f"({LEAST_PLACES_SENSITIVE} for sensitive species); no cameras, passages, places or dates"
    ),
}
TAKEN = {
    Audience.PARTNER: (
        "single events and everything with a date or time of its own",
        "names of cameras, sites, passages and stretches of fence: numbers instead, the same in all files, in no order that says where",
        f"positions: cameras.gpkg and deployments.csv give the nearest node of a {PARTNER_DEG:g} degree grid, up to 0.8 km away",
        "which camera watches which passage, kilometres along fences, predicted values at single sites, the ranking of candidates",
        f"precision: numbers to {FIGURES[Audience.PARTNER]} figures, camera-days whole; counts are as counted",
        "words that people wrote: directions, remarks, names of other maps",
        "pages, pictures, settings, names and hashes of input files",
    ),
    Audience.PUBLIC: (
        "every camera, site, passage and place, with what was counted there; no position of any kind",
        "all dates and hours; seasons are those of all years and all open passages together",
        f"numbers that rest on fewer than {LEAST_PLACES} passages, places or sites, or on fewer than {LEAST_PLACES_SENSITIVE} for the "
        "most sensitive species: left empty, with the status withheld",
        f"precision: numbers to {FIGURES[Audience.PUBLIC]} figures, counts too",
        "before and after, fit of single maps, the ranking of candidates",
        "pages, pictures, words that people wrote, settings, names and hashes of input files",
    ),
}
