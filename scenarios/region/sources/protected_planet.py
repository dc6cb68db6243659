"""Protected areas by the interface of Protected Planet (version 4), with the user's own token: country by country, a page at a time.

Its terms forbid to pass the data on, so pages lie in a folder that is gone when they are read, and never in the cache of what was fetched.
Interface: https://api.protectedplanet.net/documentation.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode

from rasters.errors import OptionError
from scenarios.records.hashing import sha256_of
from scenarios.region.fetching import NotReached, NotThere, fetch
from scenarios.region.source import Ask, Got, Kept, Layers, Place
from scenarios.region.sources.protected_areas import WDPA_ATTRIBUTION, WDPA_LICENCE, ProtectedAreas

__all__ = ["TOKEN", "ProtectedPlanet"]

TOKEN = "OTKEL_WDPA_TOKEN"
"""Variable of the environment that holds the user's token."""
PER_PAGE, MOST_PAGES = 50, 1000
BY_HAND = "; reserves can be given as a file: --wdpa FILE"


@dataclass(frozen=True, slots=True)
class ProtectedPlanet:
    """Every area of some countries, by their ISO 3166 codes of three letters."""

    address: str
    countries: tuple[str, ...]
    token: str = field(repr=False)
    key: str = "wdpa"
    title: str = "Protected Planet"
    licence: str = WDPA_LICENCE
    attribution: str = WDPA_ATTRIBUTION
    by_hand: str = "--wdpa"
    files: tuple[Path, ...] = ()

    @classmethod
    def of_user(cls, address: str, countries: Sequence[str]) -> ProtectedPlanet:
        """With the token of the environment; OptionError without one, or for what is no code of a country."""
        for one in countries:
            if len(one) != 3 or not (one.isascii() and one.isalpha() and one.isupper()):
                raise OptionError(
                    f"--wdpa-country {one!r}: should be a country's ISO code of three letters, such as KAZ"
                )
        if not (token := os.environ.get(TOKEN, "").strip()):
            raise OptionError(
                f"--wdpa-country: {TOKEN} is not set; ask for a token at https://api.protectedplanet.net/request, or give --wdpa FILE"
            )
        return cls(address, tuple(dict.fromkeys(countries)), token)

    def asks(self, place: Place) -> tuple[Ask, ...]:
        """Nothing that may be kept."""
        return ()

    def fault(self, path: Path) -> str:
        """Nothing is kept."""
        return ""

    def read(self, place: Place, got: Sequence[Got]) -> Layers:
        """Fetch every page and read reserves that stand, by name."""
        with TemporaryDirectory(prefix="otkel-wdpa-") as name:
            folder, areas, kept = Path(name), [], []
            for country in self.countries:
                for page, told in self._pages(country, folder):
                    areas += page
                    kept.append(told)
            path = folder / "areas.geojson"
            path.write_text(json.dumps({"type": "FeatureCollection", "features": areas}), encoding="utf-8")
            found = ProtectedAreas(path).read(place, ()) if areas else Layers()
        return replace(found, fetched=tuple(kept))

    def _pages(self, country: str, folder: Path) -> Iterator[tuple[list[dict[str, Any]], Kept]]:
        """Features of each page, and what is said of it in SOURCES.yaml; a page that is not full is the last."""
        before: list[Any] = []
        for number in range(1, MOST_PAGES + 1):
            words = {"country": country, "with_geometry": "true", "per_page": PER_PAGE, "page": number}
            url = f"{self.address}/protected_areas/search?{urlencode(words)}"
            path = folder / f"{country}-{number}.json"
            self._fetch(url, path)
            rows = _rows(url, path)
            if rows and rows == before:
                raise NotReached(f"{url}: is the page before again, so the rest cannot be had{BY_HAND}")
            if number == 1 and not rows:
                raise OptionError(f"--wdpa-country {country}: Protected Planet has no area there; is the code right?")
            yield [feature for row in rows if (feature := _feature(row))], _kept(url, path)
            if len(rows) < PER_PAGE:
                return
            before = rows
        raise NotReached(f"{self.address}: {country} has more than {MOST_PAGES} pages{BY_HAND}")

    def _fetch(self, url: str, path: Path) -> None:
        try:
            fetch(url, path, token=self.token)
        except NotThere:
            raise NotReached(f"{url}: is not there; is --address wdpa=... right?{BY_HAND}") from None
        except NotReached as error:
            refused = f"; is the token in {TOKEN} right?" if "says 401" in str(error) else ""
            raise NotReached(f"{error}{refused}{BY_HAND}") from None


def _rows(url: str, path: Path) -> list[dict[str, Any]]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["protected_areas"]
        assert isinstance(rows, list)
    except (ValueError, KeyError, TypeError, AssertionError):
        raise NotReached(f"{url}: what came is no answer of Protected Planet{BY_HAND}") from None
    return rows


def _feature(row: dict[str, Any]) -> dict[str, Any] | None:
    """An area as a download has it; None without a shape."""
    shape = (row.get("geojson") or {}).get("geometry")
    name, status = row.get("name_english") or row.get("name") or "", (row.get("legal_status") or {}).get("name") or ""
    return shape and {"type": "Feature", "properties": {"NAME": name, "STATUS": status}, "geometry": shape}


def _kept(url: str, path: Path) -> Kept:
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    size = path.stat().st_size
    return Kept(url=url, fetched=now, sha256=sha256_of(path), n_bytes=size, etag="", whole_bytes=size)
