"""Words in English, Russian and Kazakh: gettext catalogues that come with the package, one domain for each exporter.

A message is its English text. A domain that lacks one falls back to ``terms``, the words of the trade that all share.
After a change of ``locale/*/LC_MESSAGES/*.po``: ``python -m scenarios.outputs.translate`` compiles them.
"""

from __future__ import annotations

import gettext
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from rasters.errors import ConfigError, OptionError
from rasters.plain import unknown

__all__ = ["LANGUAGES", "LOCALE", "compile_catalogues", "require_language", "translator"]

LANGUAGES = ("en", "ru", "kk")
LOCALE = Path(__file__).parent / "locale"
SHARED = "terms"
FIXED = datetime(2000, 1, 1, tzinfo=UTC)
"""Stands for the time of compiling, so that only a catalogue that was changed gets other bytes."""


def translator(lang: str, domain: str) -> Callable[[str], str]:
    """From English texts of a domain to a language; English gives them back.

    Raises
    ------
    ConfigError
        No such language, or no catalogue of this domain in it.
    """
    require_language(lang)
    return str if lang == "en" else _catalogue(lang, domain).gettext


def require_language(lang: str) -> None:
    """Raise ConfigError unless there are catalogues in this language."""
    if lang not in LANGUAGES:
        raise OptionError(f"--lang: {unknown('language', lang, LANGUAGES)}")


@lru_cache(maxsize=32)
def _catalogue(lang: str, domain: str) -> gettext.NullTranslations:
    try:
        found = gettext.translation(domain, LOCALE, [lang])
    except FileNotFoundError as error:
        path = LOCALE / lang / "LC_MESSAGES" / f"{domain}.mo"
        raise ConfigError(f"{path}: is missing; install otkel again") from error
    if domain != SHARED:
        found.add_fallback(_catalogue(lang, SHARED))
    return found


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
