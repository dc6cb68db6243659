"""Gets a file over HTTP: retries, timeouts, resumes what broke off; no other host than the one that was asked."""

from __future__ import annotations

import contextlib
import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeVar
from urllib.parse import urlsplit

from rasters.errors import DataError, PlannerError

__all__ = ["Fetched", "NotReached", "NotThere", "fetch", "size_of"]

T = TypeVar("T")
TRIES = 4
TIMEOUT_S = 30.0
"""Longest silence of the server [s]."""
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 30.0
CHUNK = 2**18
AGAIN = (408, 425, 429, 500, 502, 503, 504)
"""Answers after which the same is asked again."""


class NotReached(DataError):
    """A file could not be had; says why."""


class NotThere(PlannerError):
    """The source has no such file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What the server said of a file that is complete."""

    etag: str
    n_bytes: int


class _SameHost(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if urlsplit(newurl)[:2] != urlsplit(req.full_url)[:2]:
            raise NotReached(
                f"{req.full_url}: sends on to another host ({urlsplit(newurl).netloc}), which is refused; set its address if it is right"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def fetch(url: str, part: Path, *, sleep: Callable[[float], None] = time.sleep) -> Fetched:
    """Get a file into ``part``, going on from what is there when the server still has the same.

    Parameters
    ----------
    url : str
    part : Path
        What an earlier try left, or new; stays when the line breaks, for the next time; its ETag is kept beside it.

    Raises
    ------
    NotThere
        The server has no such file.
    NotReached
        After `TRIES` tries; one line.
    OSError
        The disk is full, or the like.
    """
    mark = part.with_suffix(".etag")
    return _again(url, lambda: _once(url, part, mark), lambda: _forget(part, mark), sleep)


def size_of(url: str, *, sleep: Callable[[float], None] = time.sleep) -> int:
    """Bytes of a file, as the server says; errors as of `fetch`."""

    def ask() -> int:
        request = urllib.request.Request(url, headers={"User-Agent": "otkel"}, method="HEAD")
        with urllib.request.build_opener(_SameHost).open(request, timeout=TIMEOUT_S) as answer:
            return int(answer.headers.get("Content-Length") or 0)

    return _again(url, ask, lambda: None, sleep)


def _again(url: str, ask: Callable[[], T], anew: Callable[[], None], sleep: Callable[[float], None]) -> T:
    """What ``ask`` gives at last; ``anew`` before the next try where what is there fits nothing."""
    said = "no answer"
    for number in range(TRIES):
        if number:
            sleep(min(FIRST_WAIT_S * 2 ** (number - 1), LONGEST_WAIT_S))
        try:
            return ask()
        except urllib.error.HTTPError as error:
            said = f"the server says {error.code} {error.reason}"
            if error.code == 404:
                raise NotThere(f"{url}: is not there") from None
            if error.code == 416:
                anew()
            elif error.code not in AGAIN:
                break
            if waits := (error.headers.get("Retry-After") or ""):
                sleep(min(float(waits), LONGEST_WAIT_S) if waits.isdigit() else FIRST_WAIT_S)
        except urllib.error.URLError as error:
            said = f"{error.reason}"
        except (TimeoutError, http.client.HTTPException, ConnectionError) as error:
            said = f"the line broke off ({error or type(error).__name__})"
    raise NotReached(f"{url}: could not be fetched: {said}")


def _once(url: str, part: Path, mark: Path) -> Fetched:
    have = part.stat().st_size if part.exists() and mark.exists() else 0
    request = urllib.request.Request(url, headers={"User-Agent": "otkel"})
    if have:
        request.add_header("Range", f"bytes={have}-")
        request.add_header("If-Range", mark.read_text(encoding="utf-8"))
    with urllib.request.build_opener(_SameHost).open(request, timeout=TIMEOUT_S) as answer:
        etag = answer.headers.get("ETag") or ""
        goes_on = answer.status == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        if not goes_on:
            _forget(part, mark)
            have = 0
        if etag and not etag.startswith("W/"):
            mark.write_text(etag, encoding="utf-8")
        length = answer.headers.get("Content-Length")
        whole = have + int(length) if length else None
        with part.open("ab" if goes_on else "wb") as file:
            while block := answer.read(CHUNK):
                file.write(block)
    got = part.stat().st_size
    if whole is not None and got != whole:
        raise http.client.IncompleteRead(b"", whole - got)
    return Fetched(etag=etag, n_bytes=got)


def _forget(*paths: Path) -> None:
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
