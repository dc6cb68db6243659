"""Where sources are asked, and where what came from them is kept: options, environment, the user's settings, or the usual."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field

from rasters.errors import ConfigError, OptionError
from rasters.plain import unknown
from scenarios.records.cache import cache_folder
from scenarios.region.cache import Cache
from scenarios.region.limits import CACHE_GB
from scenarios.study.base import Model
from scenarios.study.documents import read_document, validate

__all__ = ["USUAL", "Settings", "addresses_of", "cache_of_user", "settings_file"]

USUAL = {
    "dem": "https://copernicus-dem-{arc}m.s3.amazonaws.com",
    "worldcover": "https://esa-worldcover.s3.eu-central-1.amazonaws.com",
    "overpass": "https://overpass-api.de/api/interpreter",
    "wdpa": "https://api.protectedplanet.net/v4",
}
"""Name of an address -> where it usually is; {arc} is 30 or 90, the metres of a pixel."""


class Settings(Model):
    """The user's ``sources.yaml``."""

    addresses: dict[str, str] = {}
    """Name of an address -> a mirror."""
    cache: str | None = None
    """Folder of what was fetched."""
    cache_gb: Annotated[float, Field(gt=0, allow_inf_nan=False)] = CACHE_GB
    """Its greatest size [GiB]."""


def settings_file() -> Path:
    """``XDG_CONFIG_HOME/otkel/sources.yaml``; it need not exist."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "otkel" / "sources.yaml"


def addresses_of(options: Sequence[str] = ()) -> dict[str, str]:
    """Address of each name.

    Parameters
    ----------
    options : sequence of str
        ``NAME=URL``, which come before the variables ``OTKEL_URL_NAME`` of the environment, and these before the user's file.
    """
    given = {f"{settings_file()}: addresses.{name}": (name, url) for name, url in _settings().addresses.items()}
    for name in USUAL:
        variable = f"OTKEL_URL_{name.upper()}"
        if url := os.environ.get(variable):
            given[variable] = (name, url)
    for one in options:
        name, equals, url = one.partition("=")
        if not equals:
            raise OptionError(f"--address {one!r}: should be NAME=URL, such as worldcover=https://mirror.example/cover")
        given[f"--address {name}"] = (name, url)
    out = dict(USUAL)
    for where, (name, url) in given.items():
        out[name] = _checked(where, name, url)
    return out


def cache_of_user(*, offline: bool = False) -> Cache:
    """As ``OTKEL_SOURCES`` and ``OTKEL_SOURCES_GB`` say, or the user's file; by default in the user's cache."""
    settings = _settings()
    said = os.environ.get("OTKEL_SOURCES_GB", f"{settings.cache_gb:g}")
    if not said.replace(".", "", 1).isdigit():
        raise ConfigError(f"OTKEL_SOURCES_GB={said}: should be a number of gibibytes, such as 20")
    folder = Path(os.environ.get("OTKEL_SOURCES") or settings.cache or cache_folder("sources"))
    return Cache(folder=folder, limit_bytes=float(said) * 2**30, offline=offline)


def _settings() -> Settings:
    path = settings_file()
    if not path.is_file():
        return Settings()
    document = read_document(path)
    return validate(Settings, document.data, document)


def _checked(where: str, name: str, url: str) -> str:
    kind: Mapping[bool, type[ConfigError]] = {True: OptionError, False: ConfigError}
    wrong = kind[where.startswith("--")]
    if name not in USUAL:
        raise wrong(f"{where}: {unknown('address', name, list(USUAL))}")
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
        raise wrong(f"{where}={url}: should be an address that begins with https:// or http://")
    return url.rstrip("/")
