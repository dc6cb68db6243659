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
    "crime",
    "doctor",
    "evidence",
    "explain",
    "export",
    "indicators",
    "keys",
    "merge_batch",
    "new",
    "new_species",
    "omniscape",
    "passages",
    "plan",
    "region",
    "reproduce",
    "run_all",
    "sensitivity",
    "share_evidence",
    "sheet",
    "show_species",
    "simulate_evidence",
    "simulate_tracks",
    "species",
    "tracks",
    "uncertainty",
    "window",
)
IMPORTS = ("export_study", "import_cores", "import_fences", "import_passages", "import_reserves")
MODULES = {
    **dict.fromkeys(CALLS, "scenarios.api.calls"),
    **dict.fromkeys(JOBS, "scenarios.api.jobs"),
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
