"""Languages that otkel speaks; without libraries, because help texts and options name them."""

from __future__ import annotations

__all__ = ["LANGUAGES", "OTHER_LANGUAGES"]

OTHER_LANGUAGES = ("ru", "kk")
"""Languages in which a study may say its names and sentences besides its own: ``title_ru`` beside ``title``."""
LANGUAGES = ("en", *OTHER_LANGUAGES)
"""Of everything for people."""
