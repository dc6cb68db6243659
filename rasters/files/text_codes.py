"""In which code the text of an old table is written: Shapefiles and MapInfo tables often do not say, or say something else."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from pathlib import Path

from rasters.errors import DataError

__all__ = ["TextCode", "code_named", "decoded", "guessed", "stated_by_shapefile"]

TextCode = tuple[str, str]
"""Python's name of a code, and who says so."""
DBF_CODES = {0xC9: "cp1251", 0x65: "cp866", 0x26: "cp866", 0xC8: "cp1250", 0x64: "cp852"}
"""Language byte of a dBASE table that is set on purpose -> code; 0x57 and 0x03 are what programs write by default."""
LANGUAGE_BYTE = 29
UPPER_HALF = re.compile(rb"[\x80-\xff]+")
TEXT_IN_866 = 0.4
"""Share of bytes from 80 to BF among those beyond ASCII: letters in cp866, hardly any in cp1251."""
RUN = 2.0
"""Mean length of stretches of bytes beyond ASCII: Cyrillic words are made of them, accents stand alone."""


def code_named(name: str, where: str) -> str:
    """Python's name of a code as people and ``.cpg`` files write it: ``UTF-8``, ``1251``, ``ANSI 1251``, ``65001``.

    Raises
    ------
    DataError
        For a name that stands for none.
    """
    plain = name.strip().strip("\x00").casefold()
    number = re.fullmatch(r"(?:ansi|cp|windows|oem|ldid)?[ _-]*(\d+)", plain)
    tried = {"65001": "utf-8", "88591": "latin-1", "ansi": "cp1252"}.get(number[1] if number else plain)
    tried = tried or (f"cp{number[1]}" if number else plain)
    try:
        return codecs.lookup(tried).name
    except (LookupError, ValueError):
        raise DataError(
            f"{where}: {name.strip()!r} is no encoding; write e.g. utf-8, cp1251, cp866 or latin-1"
        ) from None


def stated_by_shapefile(path: Path) -> TextCode | None:
    """What the ``.cpg`` beside a Shapefile says, else the language byte of its table; None where neither says anything."""
    beside = {one.suffix.casefold(): one for one in path.parent.iterdir() if one.stem == path.stem}
    if ".cpg" in beside and (said := beside[".cpg"].read_bytes()[:64].decode("ascii", "replace").strip()):
        return code_named(said, str(beside[".cpg"])), beside[".cpg"].name
    if ".dbf" in beside:
        with beside[".dbf"].open("rb") as file:
            head = file.read(LANGUAGE_BYTE + 1)
        if len(head) > LANGUAGE_BYTE and head[LANGUAGE_BYTE] in DBF_CODES:
            return DBF_CODES[head[LANGUAGE_BYTE]], beside[".dbf"].name
    return None


def guessed(texts: Iterable[bytes]) -> str:
    """The code that some texts are most likely written in: UTF-8 where all are, else by where bytes beyond ASCII stand."""
    whole = [text for text in texts if not text.isascii()]
    if not whole:
        return "ascii"
    if all(_is_utf8(text) for text in whole):
        return "utf-8"
    stretches = [found for text in whole for found in UPPER_HALF.findall(text)]
    upper = b"".join(stretches)
    if len(upper) / len(stretches) < RUN:
        return "cp1252"
    return "cp866" if sum(byte < 0xC0 for byte in upper) > TEXT_IN_866 * len(upper) else "cp1251"


def decoded(text: bytes, code: str) -> str:
    """Text of bytes; a character that the width of a column cut off is left out, others that are none are marked as such."""
    if code in ("utf-8", "ascii"):
        text = _whole_characters(text)
    return text.decode(code, "replace")


def _is_utf8(text: bytes) -> bool:
    try:
        _whole_characters(text).decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _whole_characters(text: bytes) -> bytes:
    """Without the first bytes of a character whose others are cut off."""
    for length in (1, 2, 3):
        lead = text[-length:][:1]
        if lead and lead[0] >= 0xC0:
            return text[:-length] if len(text) >= length and _needs(lead[0]) > length else text
    return text


def _needs(lead: int) -> int:
    return 4 if lead >= 0xF0 else 3 if lead >= 0xE0 else 2
