"""``--evidence``: a file that evidence wrote, or a folder with several, as overrides of the next run, and what each replaces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rasters.errors import ConfigError, LayerNotFoundError
from scenarios.evidence.overlay import Overlay, read_overlay
from scenarios.study.base import without_words
from scenarios.study.load import resolve

__all__ = ["FILES", "Taken", "take_evidence"]

FILES = ("use_factors.yaml", "permeability.yaml", "profile.yaml")
"""What a folder may hold, itself or in the folders within it: of cameras, of collars at fences, of the land that collars show."""
SAID = without_words(["assumptions"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Overrides of a study, and a sentence for each number that they replace."""

    overrides: Mapping[str, Any]
    sentences: tuple[str, ...]


def take_evidence(path: Path, study: str) -> Taken:
    """Read what evidence says about a study.

    Parameters
    ----------
    path : Path
        One of `FILES` under any name, or a folder that holds some of them.
    study : str
        Name or path of the study that is to be run.

    Raises
    ------
    LayerNotFoundError
        Nothing there.
    ConfigError
        Faults with their lines; evidence of another study; two files that say different things of one key.
    """
    base = resolve(study).study
    found = [(file, read_overlay(file, base.study)) for file in _files(path)]
    overrides: dict[str, Any] = {}
    for file, overlay in found:
        for key, value in overlay.set.items():
            if key in SAID:
                own = getattr(base, key)
                overrides[key] = [*overrides.get(key, own), *value[len(own) :]]
            else:
                overrides[key] = _merged(overrides[key], value, key, file) if key in overrides else value
    return Taken(overrides=overrides, sentences=tuple(_sentences(found)))


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    within = [one for one in sorted(path.iterdir()) if one.is_dir() and not one.name.startswith(".")]
    found = [folder / name for name in FILES for folder in (path, *within) if (folder / name).is_file()]
    if not found:
        there = ", ".join(sorted(one.name for one in path.iterdir())) or "nothing"
        raise LayerNotFoundError(
            f"{path}: holds none of {', '.join(FILES)}, itself or in the folders within it; there is {there}. Evidence too thin to "
            "change a number writes none"
        )
    names = [file.name for file in found]
    twice = next((file for file in found if names.count(file.name) > 1), None)
    if twice is not None:
        every = ", ".join(str(file) for file in found if file.name == twice.name)
        raise ConfigError(
            f"{path}: {twice.name} is there {names.count(twice.name)} times ({every}); name the folder of the one that counts"
        )
    return found


def _merged(first: Any, second: Any, key: str, file: Path) -> Any:
    """Both together, where they do not contradict each other."""
    if isinstance(first, dict) and isinstance(second, dict):
        both = {
            name: _merged(first[name], second[name], f"{key}.{name}", file) for name in first.keys() & second.keys()
        }
        return {**first, **second, **both}
    if first != second:
        raise ConfigError(
            f"{file}: set: {key}: another file of evidence says {first!r} and this one {second!r}; leave one out"
        )
    return first


def _sentences(found: list[tuple[Path, Overlay]]) -> list[str]:
    out = []
    for file, overlay in found:
        mark = "SYNTHETIC " if overlay.synthetic else ""
        out.append(f"evidence: {mark}{file.name}: {overlay.note}; {len(overlay.set)} keys")
        out += [f"evidence: {sentence}" for sentence in overlay.sentences]
    return out
