"""What was fetched, by content: ``objects/SHA256`` and, for each address, what came from it and when."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from filelock import BaseFileLock, FileLock
from pydantic import TypeAdapter

from rasters.errors import ExportError
from scenarios.records.hashing import sha256_of
from scenarios.region.fetching import Fetched, NotReached, NotThere, fetch, size_of
from scenarios.region.hashes import wrong_hash
from scenarios.region.parts import HEAD_BYTES, Part, part_for
from scenarios.region.source import Ask, Got, Kept, Source

__all__ = ["Cache"]

KEPT = TypeAdapter(Kept)
FOLDERS = ("objects", "addresses", "parts", "locks")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cache:
    """A folder of fetched files.

    Parameters
    ----------
    limit_bytes : float
        Above it the files that were used longest ago are removed before another is fetched.
    offline : bool
        Nothing is fetched.
    """

    folder: Path
    limit_bytes: float
    offline: bool = False

    def path(self, kept: Kept) -> Path:
        """Where its content lies."""
        return self.folder / "objects" / kept.sha256

    def known(self, ask: Ask) -> Kept | None:
        """What is kept of an ask and still is what came, or the whole file where a part will do; None where nothing is."""
        for one in dict.fromkeys((ask, replace(ask, pixel_deg=0.0))):
            entry = self._entry(one)
            if not entry.exists():
                continue
            kept = _entry_of(entry)
            if kept is None:
                entry.unlink()
                continue
            if not kept.sha256 or (self.path(kept).exists() and sha256_of(self.path(kept)) == kept.sha256):
                return kept
            self.path(kept).unlink(missing_ok=True)
            entry.unlink()
        return None

    def get(self, source: Source, ask: Ask) -> Got:
        """A file of a source, from here or fetched.

        Raises
        ------
        NotReached
            One line, with what to do by hand.
        ExportError
            The folder cannot be written.
        """
        with self._writable():
            return self._get(source, ask)

    def _get(self, source: Source, ask: Ask) -> Got:
        advice = f"; {source.title} can be given as a file: {source.by_hand} FILE"
        is_new = False
        if kept := self.known(ask):
            if kept.sha256:
                os.utime(self.path(kept))
        elif self.offline:
            raise NotReached(f"{ask.url}: is not in {self.folder}, and --offline fetches nothing{advice}")
        else:
            try:
                kept, is_new = self._fetched(source, ask)
            except NotReached as error:
                raise NotReached(f"{error}{advice}") from None
        return Got(ask=ask, kept=kept, path=self.path(kept) if kept.sha256 else None, is_new=is_new)

    def to_fetch(self, source: Source, ask: Ask) -> int:
        """Bytes that `get` would fetch; 0 for what is here, and for what the source has not; -1 where only fetching tells.

        Where a part may do, its beginning is fetched to see how much that is; `get` goes on from there.
        """
        if self.offline or self.known(ask):
            return 0
        if ask.query:
            return -1
        try:
            if not ask.pixel_deg:
                return size_of(ask.url)
            with self._writable():
                self._folders()
                with self._alone(ask):
                    part, told = self._part(ask)
            return part.n_bytes if part else told.whole
        except NotThere:
            return 0
        except NotReached as error:
            raise NotReached(f"{error}; {source.title} can be given as a file: {source.by_hand} FILE") from None

    def entries(self) -> Iterator[Kept]:
        """Everything that was fetched and is still here."""
        folder = self.folder / "addresses"
        for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
            kept = _entry_of(path)
            if kept is not None and (not kept.sha256 or self.path(kept).exists()):
                yield kept

    def size_bytes(self) -> int:
        """Of all that lies here, with what broke off."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())

    def in_words(self) -> str:
        """How much is kept, where, and how to be rid of it."""
        return (
            f"{sum(1 for _ in self.entries())} kept in {self.folder} ({self.size_bytes() / 2**20:.0f} MiB of "
            f"{self.limit_bytes / 2**30:g} GiB at most; otkel doctor --sources lists them, --clear-sources removes them)"
        )

    def clear(self) -> int:
        """Remove all that was fetched; bytes that became free."""
        size = self.size_bytes()
        for name in FOLDERS:
            shutil.rmtree(self.folder / name, ignore_errors=True)
        return size - self.size_bytes()

    def _fetched(self, source: Source, ask: Ask) -> tuple[Kept, bool]:
        """Two goes: what came with a wrong hash is fetched once more. Whether it is new: another process may have been faster."""
        self._folders()
        self._make_room()
        with self._alone(ask):
            if kept := self.known(ask):
                return kept, False
            for _ in range(2):
                kept, wrong = self._once(source, ask)
                if not wrong:
                    return self._remember(ask, kept), True
        raise NotReached(
            f"{ask.url}: what came has not the {wrong} that the source publishes, and is not kept; try again"
        )

    def _once(self, source: Source, ask: Ask) -> tuple[Kept, str]:
        """What came, and the hash that it should have and has not."""
        begun = self._begun(ask)
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        try:
            part, told = self._come(ask)
        except NotThere:
            return Kept(url=ask.url, fetched=now, sha256="", n_bytes=0, etag="", query=ask.query), ""
        hashes = {} if part else told.hashes
        wrong = wrong_hash(begun, hashes)
        fault = "" if wrong else source.fault(begun)
        if wrong or fault:
            begun.unlink()
            begun.with_suffix(".told").unlink(missing_ok=True)
        if fault:
            raise NotReached(f"{ask.url}: {fault}, and is not kept; try again")
        if wrong:
            return Kept(url=ask.url, fetched=now, sha256="", n_bytes=0, etag=""), wrong
        kept = Kept(
            url=ask.url,
            fetched=now,
            sha256=sha256_of(begun),
            n_bytes=begun.stat().st_size,
            etag=told.etag,
            checked=" ".join(hashes),
            whole_bytes=told.whole or begun.stat().st_size,
            query=ask.query,
            overview=part.overview if part else -1,
            factor=part.factor if part else 1,
        )
        begun.replace(self.path(kept))
        begun.with_suffix(".told").unlink(missing_ok=True)
        return kept, ""

    def _come(self, ask: Ask) -> tuple[Part | None, Fetched]:
        """The file, or the part that its head says; once more where it changed between the two."""
        part = self._part(ask)[0] if ask.pixel_deg else None
        while True:
            told = fetch(ask.url, self._begun(ask), query=ask.query, first=part.n_bytes if part else None)
            now = part_for(self._begun(ask), ask.pixel_deg, told.whole) if part else None
            if now == part:
                return part, told
            part = now

    def _part(self, ask: Ask) -> tuple[Part | None, Fetched]:
        """The part of a file that is needed, from its head."""
        told = fetch(ask.url, self._begun(ask), first=HEAD_BYTES)
        return part_for(self._begun(ask), ask.pixel_deg, told.whole), told

    def _folders(self) -> None:
        for name in FOLDERS:
            (self.folder / name).mkdir(parents=True, exist_ok=True)

    def _remember(self, ask: Ask, kept: Kept) -> Kept:
        entry = self._entry(ask if kept.overview >= 0 else replace(ask, pixel_deg=0.0))
        new = entry.with_suffix(".new")
        new.write_text(json.dumps(asdict(kept)), encoding="utf-8")
        new.replace(entry)
        return kept

    def _entry(self, ask: Ask) -> Path:
        return self.folder / "addresses" / f"{_key(ask)}.json"

    @contextmanager
    def _writable(self) -> Iterator[None]:
        """Whatever the disk says, in words."""
        try:
            yield
        except OSError as error:
            raise ExportError(
                f"{self.folder}: fetched files cannot be kept there ({error.strerror or error}); free space, or choose another folder "
                "with OTKEL_SOURCES; what came is gone on with"
            ) from error

    def _alone(self, ask: Ask) -> BaseFileLock:
        """No other process gets the same meanwhile."""
        return FileLock(self.folder / "locks" / f"{_key(replace(ask, pixel_deg=0.0))}.lock")

    def _begun(self, ask: Ask) -> Path:
        return self.folder / "parts" / f"{_key(replace(ask, pixel_deg=0.0))}.part"

    def _make_room(self) -> None:
        """Objects not used within this hour go, those used longest ago first, until the limit holds."""
        files = sorted((self.folder / "objects").iterdir(), key=lambda one: one.stat().st_mtime)
        total = sum(one.stat().st_size for one in files)
        for one in files:
            if total <= self.limit_bytes or one.stat().st_mtime > time.time() - 3600:
                return
            total -= one.stat().st_size
            one.unlink()


def _entry_of(path: Path) -> Kept | None:
    """What is kept of an address; None where the entry is not what otkel wrote."""
    try:
        kept = KEPT.validate_json(path.read_bytes(), strict=True)
    except (ValueError, OSError):
        return None
    return kept if re.fullmatch("([0-9a-f]{64})?", kept.sha256) else None


def _key(ask: Ask) -> str:
    """Of a file of an address; of a part with the width of its pixels."""
    words = (ask.url, *([ask.query] if ask.query else []), *([f"{ask.pixel_deg:.3g}"] if ask.pixel_deg else []))
    return hashlib.sha256("\n".join(words).encode()).hexdigest()
