"""What was fetched, by content: ``objects/SHA256`` and, for each address, what came from it and when."""

from __future__ import annotations

import hashlib
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from rasters.errors import ConfigError
from scenarios.records.cache import cache_folder
from scenarios.records.hashing import sha256_of
from scenarios.region.fetching import NotReached, NotThere, fetch, size_of
from scenarios.region.sources import Source, Tile

__all__ = ["Cache", "Kept"]

USUAL_GB = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A file that was fetched, as SOURCES.yaml has it; ``sha256`` is empty where the source has none (sea)."""

    url: str
    fetched: str
    sha256: str
    n_bytes: int
    etag: str


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

    @classmethod
    def of_user(cls, *, offline: bool = False) -> Cache:
        """``OTKEL_SOURCES``, or the user's cache; ``OTKEL_SOURCES_GB`` bounds it."""
        said = os.environ.get("OTKEL_SOURCES_GB", f"{USUAL_GB:g}")
        if not said.replace(".", "", 1).isdigit():
            raise ConfigError(f"OTKEL_SOURCES_GB={said}: should be a number of gibibytes, such as 20")
        folder = Path(os.environ.get("OTKEL_SOURCES") or cache_folder("sources"))
        return cls(folder=folder, limit_bytes=float(said) * 2**30, offline=offline)

    def path(self, kept: Kept) -> Path:
        """Where its content lies."""
        return self.folder / "objects" / kept.sha256

    def known(self, url: str) -> Kept | None:
        """What is kept of an address and still is what came; None where nothing is."""
        entry = self._entry(url)
        if not entry.exists():
            return None
        kept = Kept(**json.loads(entry.read_text(encoding="utf-8")))
        if kept.sha256 and (not self.path(kept).exists() or sha256_of(self.path(kept)) != kept.sha256):
            self.path(kept).unlink(missing_ok=True)
            entry.unlink()
            return None
        return kept

    def get(self, source: Source, tile: Tile) -> Kept:
        """A file of a source, from here or fetched.

        Raises
        ------
        NotReached
            One line, with what to do by hand.
        """
        if kept := self.known(tile.url):
            if kept.sha256:
                os.utime(self.path(kept))
            return kept
        advice = f"; {source.title} can be given as a file: {source.by_hand} FILE"
        if self.offline:
            raise NotReached(f"{tile.url}: is not in {self.folder}, and --offline fetches nothing{advice}")
        try:
            return self._fetched(tile.url)
        except NotReached as error:
            raise NotReached(f"{error}{advice}") from None

    def to_fetch(self, source: Source, tile: Tile) -> int:
        """Bytes that `get` would fetch; 0 for what is here, and for what the source has not."""
        if self.offline or self.known(tile.url):
            return 0
        try:
            return size_of(tile.url)
        except NotThere:
            return 0
        except NotReached as error:
            raise NotReached(f"{error}; {source.title} can be given as a file: {source.by_hand} FILE") from None

    def _fetched(self, url: str) -> Kept:
        for name in ("objects", "addresses", "parts"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self._make_room()
        part = self.folder / "parts" / f"{_key(url)}.part"
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        try:
            told = fetch(url, part)
        except NotThere:
            return self._remember(Kept(url=url, fetched=now, sha256="", n_bytes=0, etag=""))
        kept = Kept(url=url, fetched=now, sha256=sha256_of(part), n_bytes=told.n_bytes, etag=told.etag)
        part.replace(self.path(kept))
        part.with_suffix(".etag").unlink(missing_ok=True)
        return self._remember(kept)

    def _remember(self, kept: Kept) -> Kept:
        entry = self._entry(kept.url)
        new = entry.with_suffix(".new")
        new.write_text(json.dumps(asdict(kept)), encoding="utf-8")
        new.replace(entry)
        return kept

    def _entry(self, url: str) -> Path:
        return self.folder / "addresses" / f"{_key(url)}.json"

    def _make_room(self) -> None:
        """Objects not used within this hour go, those used longest ago first, until the limit holds."""
        files = sorted((self.folder / "objects").iterdir(), key=lambda one: one.stat().st_mtime)
        total = sum(one.stat().st_size for one in files)
        for one in files:
            if total <= self.limit_bytes or one.stat().st_mtime > time.time() - 3600:
                return
            total -= one.stat().st_size
            one.unlink()


def _key(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()
