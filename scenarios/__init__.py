"""Studies, scenarios and what people get from them.

For scripts: ``open`` a study, ``run`` a scenario of it, ``read`` results that were written, ``compare`` them. The functions
are in `scenarios.api.calls`, which is imported when the first of them is used, so that importing this package costs nothing.
"""

__all__ = ["compare", "open", "read", "run"]


def __getattr__(name: str) -> object:
    """Find the functions for scripts when they are asked for."""
    if name in __all__:
        from scenarios.api import calls

        return getattr(calls, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}; choose one of {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
