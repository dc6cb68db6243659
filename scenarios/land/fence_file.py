"""Fences of a study from its vector file: every feature on a line of the study or told, each line in order."""

from __future__ import annotations

import difflib
import warnings
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING
from unicodedata import name, normalize

from rasters.errors import ConfigError, DataError, PlannerWarning
from rasters.fence_lines import joined_lines, placed_after
from rasters.fences import Fence
from rasters.files.vectors import read_vectors
from rasters.grid import Grid
from rasters.plain import look
from scenarios.land.areas import added_fences
from scenarios.land.attributes import naming, require_columns, require_unique
from scenarios.land.places import attribute, names_in
from scenarios.study.load import ResolvedStudy

if TYPE_CHECKING:
    import geopandas

__all__ = ["read_fences"]


def read_fences(resolved: ResolvedStudy, grid: Grid) -> tuple[Fence, ...]:
    """All fences of the study, active or not, and those that its actions add."""
    settings = resolved.study.fences
    path = resolved.file(settings.file)
    features = read_vectors(path, settings.table, grid, id_column=settings.id)
    if not len(features) and resolved.study.fences.active:
        raise DataError(
            f"{path}, layer {settings.table or 'of fences'}: holds no features; draw the fences, or name another file"
        )
    features = require_columns(
        features, path, [settings.id, settings.line], [settings.name, settings.status, settings.country]
    )
    require_unique(path, "fences", [str(i) for i in features[settings.id]])
    lines = _line_of_each(resolved, features, path)
    with naming(path):
        drawn = [
            Fence(
                id=str(row[settings.id]),
                line=row.geometry,
                name=attribute(row.get(settings.name), ""),
                fence_line=line,
                geometry_status=attribute(row.get(settings.status), "unknown"),
                country=attribute(row.get(settings.country), ""),
                names=tuple(names_in(row).items()),
            )
            for line, (_, row) in zip(lines, features.iterrows(), strict=True)
        ]
        fences, corrected = joined_lines(drawn)
    for words in corrected:
        warnings.warn(f"{path}: {words}", PlannerWarning, stacklevel=2)
    _tell_unused(resolved, lines, path)
    _require_lines(resolved, {f.fence_line for f in fences}, path)
    for added in added_fences(resolved, grid):
        fences = (*fences, placed_after(added, fences))
    return fences


def _require_lines(resolved: ResolvedStudy, there: set[str], path: Path) -> None:
    study = resolved.study
    named = [("fences.active", line) for line in study.fences.active]
    named += [(f"fences.permeability.{line}", line) for line in study.fences.permeability]
    named += [(f"fences.wires.{line}", line) for line in study.fences.wires]
    named += [(f"openings[{i}].fence_line", rule.fence_line) for i, rule in enumerate(study.openings)]
    named += [("candidates.fence_lines", line) for line in study.candidates.fence_lines or ()]
    named += [(f"fences.separations[{i}].fences", f) for i, s in enumerate(study.fences.separations) for f in s.fences]
    wrong = [
        f"{resolved.path}: {key}: unknown fence line {line!r} in {path.name}"
        for key, line in named
        if line not in there
    ]
    if wrong:
        raise ConfigError("\n".join(wrong) + f"; choose one of {', '.join(sorted(there))}")


def _line_of_each(resolved: ResolvedStudy, features: geopandas.GeoDataFrame, path: Path) -> list[str]:
    """The fence line of every feature.

    Raises
    ------
    DataError
        Of features without one, and of those whose line looks like a used one: by case, blanks, or letters of another script.
    """
    settings = resolved.study.fences
    ids = [str(one) for one in features[settings.id]]
    used = _used_lines(resolved)
    same = {normalize("NFC", line): line for line in used}
    lines = [attribute(value, "") for value in features[settings.line]]
    lines = [same.get(normalize("NFC", line), line) for line in lines]
    without = [one for one, line in zip(ids, lines, strict=True) if not line.strip()]
    if without:
        raise DataError(
            f"{path}: {settings.line}: {len(without)} of {len(ids)} features have none: {_some(without)}; say which line each "
            "belongs to, or delete it"
        )
    seen = {look(line): line for line in sorted(used)}
    wrong = [
        f"{one}: {line!r}; did you mean {seen[look(line)]!r}?{_foreign(line)}"
        for one, line in zip(ids, lines, strict=True)
        if line not in used and look(line) in seen
    ]
    if wrong:
        raise DataError(
            f"{path}: {settings.line}: {len(wrong)} features are on a line that no scenario uses: {_some(wrong)}"
        )
    return lines


def _foreign(line: str) -> str:
    """Letters that look like Latin ones beside Latin ones, by name."""
    letters = [c for c in line if c.isalpha()]
    latin = [name(c, "").startswith("LATIN") for c in letters]
    if not any(latin) or all(latin):
        return ""
    odd = next(c for c, is_latin in zip(letters, latin, strict=True) if not is_latin)
    return f" its {odd!r} is {name(odd, 'no Latin letter')}"


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _used_lines(resolved: ResolvedStudy) -> set[str]:
    """Fence lines that the study names anywhere, in any scenario."""
    study = resolved.study
    filed = resolved.as_filed.fences.active if resolved.as_filed is not None else ()
    used = {*filed, *study.fences.active, *study.fences.permeability, *(study.candidates.fence_lines or ())}
    used |= {rule.fence_line for rule in study.openings}
    used |= {line for separation in study.fences.separations for line in separation.fences}
    for scenario in study.scenarios.values():
        named = scenario.set.get("fences.active", ())
        used |= {str(line) for line in named} if isinstance(named, list | tuple) else set()
    return used


def _tell_unused(resolved: ResolvedStudy, lines: list[str], path: Path) -> None:
    """How many features stand in no scenario, and which line may be misspelt."""
    used = _used_lines(resolved)
    if not used:
        return
    left = Counter(line for line in lines if line not in used)
    words = []
    for line, count in left.items():
        near = difflib.get_close_matches(line, sorted(used), n=1, cutoff=0.75)
        words.append(f"{line!r} ({count}{f'; did you mean {near[0]!r}?' if near else ''})")
    if words:
        text = (
            f"{path}: {left.total()} of {len(lines)} features are on fence lines that no scenario uses: {_some(words)}"
        )
        warnings.warn(text, PlannerWarning, stacklevel=3)
