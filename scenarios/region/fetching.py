"""Gets a file over HTTP: retries, timeouts, resumes what broke off; no other host than the one that was asked."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import TypeAdapter

from rasters.errors import DataError, PlannerError
from scenarios.records.hashing import read_json
from scenarios.region.hashes import published

__all__ = ["Fetched", "NotReached", "NotThere", "fetch", "size_of"]

T = TypeVar("T")
TOLD: TypeAdapter[tuple[str, int, dict[Literal["md5", "sha256", "sha512"], str]]] = TypeAdapter(
    tuple[str, int, dict[Literal["md5", "sha256", "sha512"], str]]
)
"""What is noted of a part."""
TRIES = 4
TIMEOUT_S = 30.0
"""Longest silence of the server [s]."""
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 30.0
CHUNK = 2**18
AGAIN = (408, 425, 429, 500, 502, 503, 504)
"""Answers after which the same is asked again."""
NAME = {"User-Agent": "otkel"}


class NotReached(DataError):
    """A file could not be had; says why."""


class NotThere(PlannerError):
    """The source has no such file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What the server said of a file.

    Parameters
    ----------
    n_bytes : int
        That are here.
    whole : int
        Of the whole file, 0 where the server does not say.
    hashes : mapping of str to str
        Name of a hash -> what the source publishes for the whole file, in hexadecimal.
    """

    etag: str
    n_bytes: int
    whole: int = 0
    hashes: Mapping[str, str] = field(default_factory=dict)


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
            fp.close()
            raise NotReached(
                f"{req.full_url}: sends on to another host ({urlsplit(newurl).netloc}), which is refused; set its address if it is right"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def fetch(
    url: str,
    part: Path,
    *,
    query: str = "",
    first: int | None = None,
    token: str = "",
    sleep: Callable[[float], None] = time.sleep,
) -> Fetched:
    """Get a file into ``part``, going on from what is there when the server still has the same.

    Parameters
    ----------
    url : str
    part : Path
        What an earlier try left, or new; stays when the line breaks, for the next time; what the server said is kept beside it.
    query : str
        Sent as a form's field ``data``; such answers are not gone on with.
    first : int, optional
        Bytes from the beginning that are wanted, where not all are.
    token : str
        Of the user; sent in a head, so that no address holds it.

    Raises
    ------
    NotThere
        The server has no such file.
    NotReached
        After `TRIES` tries; one line.
    OSError
        The disk is full, or the like.
    """
    mark = part.with_suffix(".told")
    return _again(url, lambda: _once(url, part, mark, query, first, token), lambda: _forget(part, mark), sleep)


def size_of(url: str, *, sleep: Callable[[float], None] = time.sleep) -> int:
    """Bytes of a file, as the server says; errors as of `fetch`."""

    def ask() -> int:
        request = urllib.request.Request(url, headers=NAME, method="HEAD")
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
            error.close()
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


def _once(url: str, part: Path, mark: Path, query: str, first: int | None, token: str = "") -> Fetched:
    before = _told(mark) if part.exists() and mark.exists() and not query else None
    have = part.stat().st_size if before else 0
    if before and have and (have == before.whole or (first is not None and have >= first)):
        return Fetched(etag=before.etag, n_bytes=have, whole=before.whole, hashes=before.hashes)
    request = _request(url, query, have, first, before)
    if token:
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    with urllib.request.build_opener(_SameHost).open(request, timeout=TIMEOUT_S) as answer:
        goes_on = bool(have) and answer.status == 206 and _range(answer)[0] == have
        if not goes_on:
            _forget(part, mark)
            have = 0
        told = _answer(answer)
        if told.etag and not told.etag.startswith("W/"):
            mark.write_text(json.dumps([told.etag, told.whole, dict(told.hashes)]), encoding="utf-8")
        _take(answer, part, have, first)
    got = part.stat().st_size
    wanted = told.whole if first is None else min(first, told.whole)
    if told.whole and got < wanted:
        raise http.client.IncompleteRead(b"", wanted - got)
    return Fetched(etag=told.etag, n_bytes=got, whole=told.whole, hashes=told.hashes)


def _request(url: str, query: str, have: int, first: int | None, before: Fetched | None) -> urllib.request.Request:
    data = urllib.parse.urlencode({"data": query}).encode() if query else None
    request = urllib.request.Request(url, data=data, headers=NAME)
    if have or first is not None:
        request.add_header("Range", f"bytes={have}-{'' if first is None else first - 1}")
    if have and before:
        request.add_header("If-Range", before.etag)
    return request


def _take(answer: http.client.HTTPResponse, part: Path, have: int, first: int | None) -> None:
    """What comes, behind what is there; no more than is wanted of a server that sends all."""
    left = float("inf") if first is None else first - have
    with part.open("ab" if have else "wb") as file:
        while left > 0 and (block := answer.read(int(min(CHUNK, left)))):
            file.write(block)
            left -= len(block)


def _answer(answer: http.client.HTTPResponse) -> Fetched:
    """What the head of an answer says of the whole file."""
    length = int(answer.headers.get("Content-Length") or 0)
    whole = _range(answer)[1] if answer.status == 206 else length
    return Fetched(
        etag=answer.headers.get("ETag") or "", n_bytes=0, whole=whole, hashes=published(answer.headers, answer.status)
    )


def _range(answer: http.client.HTTPResponse) -> tuple[int, int]:
    """First byte of a part and size of the whole; -1 and 0 where the server does not say."""
    found = re.match(r"bytes (\d+)-\d+/(\d+)", answer.headers.get("Content-Range") or "")
    return (int(found[1]), int(found[2])) if found else (-1, 0)


def _told(mark: Path) -> Fetched | None:
    """What the server said when the part was begun."""
    try:
        etag, whole, hashes = TOLD.validate_python(read_json(mark))
    except (ValueError, OSError):
        return None
    return Fetched(etag=etag, n_bytes=0, whole=whole, hashes={str(name): value for name, value in hashes.items()})


def _forget(*paths: Path) -> None:
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
