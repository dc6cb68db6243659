"""What a study calls things in other languages: its titles, names and sentences, for those who translate a product."""

from __future__ import annotations

from collections.abc import Mapping

from rasters.profile import SpeciesProfile
from scenarios.land.inputs import Inputs
from scenarios.study.base import OTHER_LANGUAGES, in_other_languages
from scenarios.study.load import ResolvedStudy
from scenarios.study.schema import Study

__all__ = ["Words", "merged_words", "passage_words", "study_words"]

Words = dict[str, dict[str, str]]
"""Language -> text as the study has it -> the same in that language. Of ``en`` only what is known by its id: designs and fence lines."""


def study_words(resolved: ResolvedStudy, profile: SpeciesProfile, inputs: Inputs) -> Words:
    """Titles, species, fences, designs and sentences: nothing of them says where a passage is."""
    study = resolved.study
    designs = {name.replace("_", " "): design for name, design in study.designs.items()}
    own = profile.labels.get("en", profile.name)
    return merged_words(
        {"en": {text: design.title for text, design in designs.items() if design.title}},
        *(in_other_languages(study, key) for key in ("title", "assumptions", "credits")),
        {lang: {resolved.scenario_title: title} for lang, title in resolved.scenario_titles.items()},
        {lang: {own: name} for lang, name in profile.labels.items() if lang != "en"},
        profile.assumptions_in,
        _fence_words(inputs),
        *(
            {lang: dict.fromkeys((text, design.title or text), title)}
            for text, design in designs.items()
            for lang in OTHER_LANGUAGES
            if (title := getattr(design, f"title_{lang}"))
        ),
    )


def passage_words(study: Study) -> Words:
    """Names of passages that stand, and titles of actions: the public does not get them."""
    actions = (in_other_languages(action, "title", name) for name, action in study.actions.items())
    return merged_words(*actions, *(in_other_languages(rule, "name") for rule in study.openings))


def _fence_words(inputs: Inputs) -> Words:
    """Names of fences; a line whose fences share one name goes by it, too."""
    found: Words = {}
    alike: dict[str, set[str]] = {}
    for fence in inputs.cuts.fences:
        alike.setdefault(fence.fence_line, set()).add(fence.name)
    for fence in inputs.cuts.fences:
        one_name = len(alike[fence.fence_line]) == 1
        if one_name and fence.name:
            found.setdefault("en", {})[fence.fence_line] = fence.name
        own = [fence.name, fence.fence_line] if one_name else [fence.name]
        for lang, name in fence.names:
            found.setdefault(lang, {}).update(dict.fromkeys(own, name))
    return found


def merged_words(*every: Mapping[str, Mapping[str, str]]) -> Words:
    """All of them together; languages without a word are left out."""
    found: Words = {}
    for words in every:
        for lang, texts in words.items():
            if texts:
                found.setdefault(lang, {}).update(texts)
    return found
