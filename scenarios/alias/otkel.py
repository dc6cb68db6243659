"""For scripts and notebooks: what the commands of ``otkel`` do, as functions.

>>> import otkel
>>> study = otkel.open("ustyurt")
>>> study.species
('leopard', 'kulan', 'goitered_gazelle', 'urial')

The functions are in `scenarios.api`, which is imported when the first of them is used, so that importing this module costs nothing.
`otkel.errors` are the errors that they raise, with the file, key and value at fault and what to do.
"""

from importlib import import_module

CALLS = ("compare", "open", "read", "run")
JOBS = (
    "batch",
    "check",
    "circuitscape",
    "corridors",
    "doctor",
    "explain",
    "export",
    "merge_batch",
    "omniscape",
    "passages",
    "plan",
    "reproduce",
    "run_all",
    "sensitivity",
    "sheet",
    "uncertainty",
    "window",
)
FIELD = ("crime", "evidence", "indicators", "share_evidence", "simulate_evidence", "simulate_tracks", "tracks")
BEGINNING = ("keys", "new", "new_species", "region", "show_species", "species")
IMPORTS = ("export_study", "import_cores", "import_fences", "import_passages", "import_reserves")
MODULES = {
    **dict.fromkeys(CALLS, "scenarios.api.calls"),
    **dict.fromkeys(JOBS, "scenarios.api.jobs"),
    **dict.fromkeys(FIELD, "scenarios.api.field_jobs"),
    **dict.fromkeys(BEGINNING, "scenarios.api.beginning"),
    **dict.fromkeys(IMPORTS, "scenarios.api.importing"),
    "errors": "rasters.errors",
}
__all__ = [*MODULES]


def __getattr__(name: str) -> object:
    """Find the functions when they are asked for."""
    if name not in MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; choose one of {', '.join(__all__)}")
    module = import_module(MODULES[name])
    return module if name == "errors" else getattr(module, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
