"""Names of parameters in a few words, for pages and pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rasters.profile import MOVEMENT

__all__ = ["layer_words", "named", "parameter_words", "short_name"]


def short_name(name: str, say: Callable[[str], str] = str, species: Mapping[str, str] | None = None) -> str:
    """A parameter's name in a few words.

    Parameters
    ----------
    name : str
        Of the study, as ``leopard.rules.slope_percent.*`` or ``permeability.*.worth_km``.
    say : callable
    species : mapping of str to str
        Species id -> its name for people.
    """
    if name.startswith("designs."):
        return name
    if name.startswith("fences.model."):
        key = name.removeprefix("fences.model.")
        return f"{say('fences')}: {say(KEY_WORDS.get(key, key))}"
    words = name.rstrip("*").rstrip(".")
    who, what = parameter_words(words, say)
    return f"{_who(who, say, species)}: {what}" if what else words


def parameter_words(name: str, say: Callable[[str], str]) -> tuple[str, str]:
    """Whose parameter it is, as an id, and what it is in words; empty where nobody knows."""
    who, _, last = name.rpartition(".")
    if last in MOVEMENT:
        return who, say(KEY_WORDS[last])
    if name in KEY_WORDS:
        return "", say(KEY_WORDS[name])
    for group, said in GROUPS.items():
        who, found, what = f".{name}.".partition(f".{group}.")
        if found:
            return who.strip("."), _what(group, said, what, say)
    return "", ""


KEY_WORDS = {
    "free_path_m": "how straight they go",
    "reach_m": "how far they follow a fence",
    "scale_m": "scale",
    "without_fence": "where no fence stands",
    "dispersal_km": "how far they disperse",
    "mortality.reach_km": "how far they get before they die",
}
GROUPS = {"rules": "", "factors": "", "permeability": "permeability", "use_factor": "use of"}
WHOLE = {
    "rules": "all rules",
    "factors": "all factors",
    "permeability": "permeability of fences",
    "worth_km": "worth of fences [km]",
    "use_factor": "use of passages",
}
SUFFIXES = ("_m", "_percent", "_deg", "_km")


def _who(who: str, say: Callable[[str], str], species: Mapping[str, str] | None) -> str:
    return say((species or {}).get(who, who)) if who else say("all species")


def _what(group: str, said: str, what: str, say: Callable[[str], str]) -> str:
    """Layer, fence line or design that a parameter is about."""
    if what.rstrip(".").endswith("worth_km"):
        group, said = "worth_km", "worth [km]"
    parts = [part for part in what.strip(".").split(".") if part not in ("", "*", "default", "value", "worth_km")]
    if not parts:
        return say(WHOLE[group])
    plain = [layer_words(part) if group in ("rules", "factors") else KEY_WORDS.get(part, part) for part in parts]
    return " ".join([*([say(said)] if said else []), *(named(part, say) for part in plain)])


def named(name: str, say: Callable[[str], str]) -> str:
    """An id by the name that the study gives it, else as words."""
    said = say(name)
    return say(name.replace("_", " ")) if said == name else said


def layer_words(name: str) -> str:
    """A layer's id without its unit, as words."""
    suffix = next((end for end in SUFFIXES if name.endswith(end)), "")
    return name.removesuffix(suffix).replace("_", " ")
