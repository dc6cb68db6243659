"""One voice for every product: titles, names, sentences, units and numbers in English, Russian and Kazakh.

A message is its English text. What the study says in a language comes first, then the catalogue that comes with the package,
then the sentences that the model builds (`scenarios.outputs.sentences`).
After a change of ``locale/*/LC_MESSAGES/*.po``: ``python -m scenarios.outputs.translate`` compiles them.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from rasters.errors import ConfigError, OptionError
from rasters.plain import unknown
from scenarios.land.inputs import Inputs
from scenarios.model.ground import Ground
from scenarios.model.spoken import passage_words, study_words
from scenarios.outputs.sentences import origin_kind, taken_apart
from scenarios.study.base import LANGUAGES
from scenarios.study.load import ResolvedStudy

__all__ = ["ENGLISH", "LOCALE", "Language", "compile_catalogues", "language", "require_language", "study_language"]

LOCALE = Path(__file__).parent / "locale"
DOMAIN = "otkel"
FIXED = datetime(2000, 1, 1, tzinfo=UTC)
"""Stands for the time of compiling, so that only a catalogue that was changed gets other bytes."""
NUMBER = re.compile(r"[+\u2212-]?(?:\u00d7\u202f)?\d[\d\u202f]*\.\d+(?:[\u202f\u00a0 ]?%)?")
SEPARATORS = (" / ", " \u2013 ", "; ", ", ")
"""Between parts of a line that are messages each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """Says an English text in a language; what it does not know stays as it is.

    Parameters
    ----------
    code : str
        One of `LANGUAGES`.
    own : mapping of str to str
        What the study itself says: text -> text in the language.
    """

    code: str
    own: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, text: str) -> str:
        """A title, name, message, unit, number or sentence in the language."""
        if text in self.own or not text:
            return self.own.get(text, text)
        return self._renamed(text) if self.code == "en" else self._said(text)

    def _renamed(self, text: str) -> str:
        """An English sentence with the study's own names; only those that hold one are taken apart."""
        return self._sentence(text) or text if any(known in text for known in self.own) else text

    def _said(self, text: str) -> str:
        found = _catalogue(self.code).gettext(text)
        if found != text:
            return found
        if NUMBER.fullmatch(text):
            return text.replace(".", ",")
        return self._sentence(text) or self._parts(text) or text

    def _sentence(self, text: str) -> str:
        """One that the model built from a message and values; empty if it is none."""
        apart = taken_apart(text)
        if apart is None:
            return ""
        message, values = apart
        said = {name: self.origin(value) if name == "origin" else self(value) for name, value in values.items()}
        return _catalogue(self.code).gettext(message).format(**said)

    def origin(self, text: str) -> str:
        """Who says so; where the study has it in its own language only, what kind of source it is."""
        said = self(text)
        return said if self.code == "en" or said != text or not re.search("[A-Za-z]", text) else self(origin_kind(text))

    def _parts(self, text: str) -> str:
        """Messages in one line; empty if any is none."""
        for mark in SEPARATORS:
            parts = text.split(mark)
            said = [self(part) for part in parts] if len(parts) > 1 else []
            if said and all(a != b for a, b in zip(parts, said, strict=True)):
                return mark.join(said)
        return ""

    def design(self, name: str) -> str:
        """A design by its id."""
        return self(name.replace("_", " "))

    def angle(self, text: str) -> str:
        """Degrees, or degrees, minutes and seconds, that end in N, S, E or W."""
        said = self(f"{{angle}} {text[-1]}")
        return text if self.code == "en" else said.format(angle=text[:-1].replace(".", ","))

    def position(self, lat: float, lon: float, decimals: int) -> str:
        """Latitude and longitude in words [degrees, WGS 84]."""
        parts = ((lat, "NS"), (lon, "EW"))
        return " ".join(self.angle(f"{abs(value):.{decimals}f}\u00b0{ends[int(value < 0)]}") for value, ends in parts)

    def listed(self, words: Sequence[str]) -> str:
        """``a, b and c``, of words that are said already."""
        if len(words) < 2:
            return "".join(words)
        return self("{first} and {last}").format(first=", ".join(words[:-1]), last=words[-1])

    @property
    def suffix(self) -> str:
        """End of a file's name, so that two languages of one result lie side by side; nothing for English."""
        return "" if self.code == "en" else f"_{self.code}"


ENGLISH = Language(code="en")
"""Without the words of any study."""


def language(code: str, grounds: Iterable[Ground] = ()) -> Language:
    """The voice of a product that shows these runs.

    Raises
    ------
    ConfigError
        No such language, or no catalogue in it.
    """
    require_language(code)
    own: dict[str, str] = {}
    for ground in grounds:
        own |= {place.name: place.names[code] for place in ground.places if code in place.names}
        own |= ground.words.get(code, {}) | ground.passage_words.get(code, {})
    return Language(code=code, own=own)


def study_language(code: str, resolved: ResolvedStudy, inputs: Inputs) -> Language:
    """The voice of a product about a study that nothing was solved for: what it says itself of places, species, fences and designs.

    Raises
    ------
    ConfigError
        No such language, or no catalogue in it.
    """
    require_language(code)
    words = [study_words(resolved, profile, inputs).get(code, {}) for profile in inputs.profiles.values()]
    words += [{place.name: place.names[code] for place in inputs.places.values() if code in place.names}]
    words += [passage_words(resolved.study).get(code, {})]
    return Language(code=code, own={text: said for own in words for text, said in own.items()})


def require_language(code: str, spoken: Iterable[str] = LANGUAGES, what: str = "") -> None:
    """Raise OptionError unless a product speaks this language."""
    if code not in LANGUAGES:
        raise OptionError(f"--lang: {unknown('language', code, LANGUAGES)}")
    if code not in spoken:
        raise OptionError(f"--lang {code}: {what} speaks {', '.join(spoken)} only; leave out --lang")


@lru_cache(maxsize=8)
def _catalogue(code: str) -> gettext.NullTranslations:
    if code == "en":
        return gettext.NullTranslations()
    try:
        return gettext.translation(DOMAIN, LOCALE, [code])
    except FileNotFoundError as error:
        path = LOCALE / code / "LC_MESSAGES" / f"{DOMAIN}.mo"
        raise ConfigError(f"{path}: is missing; install otkel again") from error


def compile_catalogues(folder: Path = LOCALE) -> list[Path]:
    """Write the ``.mo`` beside every ``.po``; needs Babel."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    written = []
    for source in sorted(folder.glob("*/LC_MESSAGES/*.po")):
        with source.open("rb") as file:
            catalogue = read_po(file, locale=source.parts[-3], abort_invalid=True)
        catalogue.creation_date = FIXED
        with source.with_suffix(".mo").open("wb") as file:
            write_mo(file, catalogue)
        written.append(source.with_suffix(".mo"))
    return written


if __name__ == "__main__":
    for path in compile_catalogues():
        print(path)
