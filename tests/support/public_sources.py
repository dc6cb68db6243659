"""A server on loopback that answers as public sources do: tiles by name, ranges, 404 for sea; and with faults when told so."""

from __future__ import annotations

import base64
import hashlib
import http.server
import re
import threading
import time
import urllib.parse
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import rasterio
import rasterio.shutil
from affine import Affine
from numpy.typing import NDArray
from rasterio.io import MemoryFile

__all__ = ["Served", "dem_tile", "serving", "worldcover_tile"]

Truth = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]


@dataclass(slots=True)
class Served:
    """What is served, what was asked (ranges with it; not of heads), and the faults that the next answers have.

    Parameters
    ----------
    faults : deque of str
        Each of an answer: ``503``, ``429``, ``403``, ``cut`` (half of it, then the line breaks), ``redirect``, ``slow``, ``wrong`` (a
        byte of it differs from what the hash in its head says), ``short`` (a length that is not its own), ``whole`` (ranges
        are not heeded), ``page`` (a page of a hotel's network instead).
    digest : bool
        Whether answers state the SHA-256 of the whole file, as RFC 9530 has it.
    token : str
        Where it is stated, the one that a question must bear.
    answer : callable, optional
        What is said to a query that is posted.
    sent : int
        Bytes of all answers.
    """

    root: Path
    address: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)
    faults: deque[str] = field(default_factory=deque)
    digest: bool = False
    token: str = ""
    answer: Callable[[str], bytes] | None = None
    sent: int = 0


def _handler(served: Served) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_HEAD(self) -> None:
            path = served.root / self.path.lstrip("/")
            self.send_response(200 if path.is_file() else 404)
            self.send_header("Content-Length", str(path.stat().st_size if path.is_file() else 0))
            self.end_headers()

        def do_GET(self) -> None:
            asked = self.headers.get("Range") or ""
            served.asked.append((self.path, asked))
            fault = served.faults.popleft() if served.faults else ""
            path = served.root / self.path.lstrip("/")
            if served.token and self.headers.get("Authorization") != f"Bearer {served.token}":
                return self.say(401, b'{"error": "Unauthorized"}', {})
            if fault in ("503", "429", "403"):
                return self.say(int(fault), b"", {"Retry-After": "0"})
            if fault == "redirect":
                return self.say(302, b"", {"Location": "http://elsewhere.invalid/tile.tif"})
            if fault == "page":
                return self.say(200, b"<html>Welcome. Please sign in.</html>", {})
            if not path.is_file():
                return self.say(404, b"<Error><Code>NoSuchKey</Code></Error>", {})
            body = path.read_bytes()
            etag = f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
            said = {"ETag": etag}
            if served.digest:
                said["Repr-Digest"] = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
            if fault == "wrong":
                body = body[:-1] + bytes([body[-1] ^ 1])
            part = re.match(r"bytes=(\d+)-(\d*)", asked)
            if part and self.headers.get("If-Range", etag) == etag and fault != "whole":
                first, last = int(part[1]), min(int(part[2] or len(body)), len(body) - 1)
                if first > last:
                    return self.say(416, b"", {"Content-Range": f"bytes */{len(body)}"})
                said["Content-Range"] = f"bytes {first}-{last}/{len(body)}"
                return self.say(206, body[first : last + 1], said, fault)
            return self.say(200, body, said, fault)

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
            query = urllib.parse.parse_qs(sent)["data"][0]
            served.asked.append((self.path, query))
            fault = served.faults.popleft() if served.faults else ""
            if fault in ("503", "429"):
                return self.say(int(fault), b"", {"Retry-After": "0"})
            assert served.answer is not None
            return self.say(200, b"<html>busy</html>" if fault == "page" else served.answer(query), {}, fault)

        def say(self, code: int, body: bytes, headers: dict[str, str], fault: str = "") -> None:
            self.send_response(code)
            length = len(body) + 7 * (fault == "short")
            for key, value in {"Content-Length": str(length), **headers}.items():
                self.send_header(key, value)
            self.end_headers()
            if fault == "slow":
                time.sleep(1.5)
            body = body[: len(body) // 2] if fault == "cut" else body
            served.sent += len(body)
            self.wfile.write(body)
            if fault in ("cut", "slow", "short"):
                self.close_connection = True

    return Handler


@contextmanager
def serving(root: Path) -> Iterator[Served]:
    """A server of the files of a folder."""
    served = Served(root=root)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(served))
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    served.address = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()


def dem_tile(
    root: Path, west: int, south: int, truth: Truth, pixels: tuple[int, int] = (400, 400), arc: int = 30
) -> Path:
    """A tile of the Copernicus DEM: pixel centres on whole degrees at its north and west edge; ``pixels`` are rows, columns."""
    rows, columns = pixels
    lon, lat = west + np.arange(columns) / columns, south + 1 - np.arange(rows) / rows
    place = Affine(1 / columns, 0, west - 0.5 / columns, 0, -1 / rows, south + 1 + 0.5 / rows)
    name = f"Copernicus_DSM_COG_{arc}_{_lat(south)}_00_{_lon(west)}_00_DEM"
    return _write(root / name / f"{name}.tif", truth(*np.meshgrid(lon, lat)).astype(np.float32), place)


def worldcover_tile(root: Path, west: int, south: int, truth: Truth, pixels: int = 1200) -> Path:
    """A tile of ESA WorldCover."""
    centres = (np.arange(pixels) + 0.5) * 3 / pixels
    values = truth(*np.meshgrid(west + centres, south + 3 - centres)).astype(np.uint8)
    name = f"ESA_WorldCover_10m_2021_v200_{_lat(south)}{_lon(west)}_Map.tif"
    place = Affine(3 / pixels, 0, west, 0, -3 / pixels, south + 3)
    return _write(root / "v200/2021/map" / name, values, place, nodata=0)


def _write(path: Path, values: NDArray[np.generic], place: object, nodata: float | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff",
            dtype=values.dtype,
            count=1,
            width=values.shape[1],
            height=values.shape[0],
            crs="EPSG:4326",
            transform=place,
            nodata=nodata,
        ) as file:
            file.write(values, 1)
        with memory.open() as file:
            codes = {"OVERVIEW_RESAMPLING": "NEAREST"} if values.dtype == np.uint8 else {}
            rasterio.shutil.copy(file, path, driver="COG", COMPRESS="DEFLATE", **codes)
    return path


def _lat(value: int) -> str:
    return f"{'N' if value >= 0 else 'S'}{abs(value):02d}"


def _lon(value: int) -> str:
    return f"{'E' if value >= 0 else 'W'}{abs(value):03d}"
