"""Hashes that sources publish: in the heads of their answers, or in a small file beside the file."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from rasters.errors import DataError

__all__ = ["beside", "published", "wrong_hash"]

NAMES = {"sha-256": "sha256", "sha-512": "sha512", "md5": "md5", "sha256": "sha256"}
"""As heads of answers write them -> of hashlib."""
DIGEST = r"([\w-]+)=:?([A-Za-z0-9+/]+={0,2})"
LENGTHS = {"md5": 32, "sha256": 64, "sha512": 128}
"""Of a hash in hexadecimal."""


class Heads(Protocol):
    """Of an answer."""

    def get(self, name: str, /) -> str | None:
        """One of them."""


def published(heads: Heads, status: int) -> dict[str, str]:
    """Hashes of the whole file that the heads of an answer state, in hexadecimal.

    Parameters
    ----------
    status : int
        A ``Content-MD5`` of a part (206) is not that of the whole.

    Notes
    -----
    Repr-Digest of RFC 9530, Digest of RFC 3230, x-goog-hash, x-amz-checksum-sha256; Content-MD5; and the ETag of files that
    Amazon S3 got in one piece, which is their MD5.
    """
    stated = ", ".join(heads.get(name) or "" for name in ("Repr-Digest", "Digest", "x-goog-hash"))
    found = {NAMES.get(name.lower(), name.lower()): _hexadecimal(value) for name, value in re.findall(DIGEST, stated)}
    if hexadecimal := _hexadecimal(heads.get("x-amz-checksum-sha256") or ""):
        found["sha256"] = hexadecimal
    if status == 200 and (hexadecimal := _hexadecimal(heads.get("Content-MD5") or "")):
        found["md5"] = hexadecimal
    etag = (heads.get("ETag") or "").strip('"')
    if heads.get("Server") == "AmazonS3" and re.fullmatch(r"[0-9a-f]{32}", etag) and not _is_encrypted(heads):
        found["md5"] = etag
    return {name: value for name, value in found.items() if len(value) == LENGTHS.get(name)}


def wrong_hash(path: Path, hashes: Mapping[str, str]) -> str:
    """Name of the first hash that a file has not; empty where all fit."""
    for name, stated in hashes.items():
        with path.open("rb") as file:
            if hashlib.file_digest(file, name).hexdigest() != stated.lower():
                return name
    return ""


def beside(path: Path) -> str:
    """Name of the hash that a file of the user was checked with, as ``FILE.md5`` or ``FILE.sha256`` beside it states; empty without one.

    Raises
    ------
    DataError
        The file is not the one that was published.
    """
    for name in LENGTHS:
        stated = path.with_name(f"{path.name}.{name}")
        if not stated.is_file():
            continue
        words = stated.read_text(encoding="utf-8", errors="replace").split()
        if words and wrong_hash(path, {name: words[0]}):
            raise DataError(
                f"{path}: has not the {name} that stands in {stated.name}; it is damaged or of another day: get both again"
            )
        return name if words else ""
    return ""


def _hexadecimal(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).hex()
    except binascii.Error:
        return ""


def _is_encrypted(heads: Heads) -> bool:
    return "kms" in (heads.get("x-amz-server-side-encryption") or "")
