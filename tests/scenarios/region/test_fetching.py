"""Fetching from a server with faults: what is said, and that nothing half-written is left to be read."""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import app
from rasters.errors import DataError, ExportError
from scenarios.region import fetching
from scenarios.region.cache import Cache
from scenarios.region.fetching import NotReached
from scenarios.region.hashes import published
from scenarios.region.source import Ask
from scenarios.region.sources.copernicus import Copernicus
from scenarios.runs import doctor
from tests.support.public_sources import Served, serving

BODY = bytes(range(256)) * 4000


class Bytes(Copernicus):
    """A source whose files may be anything."""

    def fault(self, path: Path) -> str:
        return ""


RELIEF = Bytes("http://unused", 90)


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setattr(fetching, "FIRST_WAIT_S", 0.01)
    root = tmp_path / "www"
    root.mkdir()
    (root / "one.tif").write_bytes(BODY)
    with serving(root) as server:
        yield server


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(folder=tmp_path / "cache", limit_bytes=1e9)


def tile(served: Served, name: str = "one.tif") -> Ask:
    return Ask(url=f"{served.address}/{name}")


def content(cache: Cache, served: Served) -> bytes:
    path = cache.get(RELIEF, tile(served)).path
    assert path is not None
    return path.read_bytes()


def test_what_was_fetched_is_kept_by_content(served: Served, cache: Cache) -> None:
    kept = cache.get(RELIEF, tile(served)).kept
    assert cache.path(kept).read_bytes() == BODY and kept.n_bytes == len(BODY) and kept.etag
    assert cache.get(RELIEF, tile(served)).kept == kept and len(served.asked) == 1
    assert not list((cache.folder / "parts").iterdir())


@pytest.mark.parametrize("fault", ["429", "503"])
def test_a_busy_server_is_asked_again(served: Served, cache: Cache, fault: str) -> None:
    served.faults.extend([fault, fault])
    assert content(cache, served) == BODY
    assert len(served.asked) == 3


def test_a_server_that_stays_busy_is_said_in_one_line_with_what_to_do(served: Served, cache: Cache) -> None:
    served.faults.extend(["503"] * 10)
    with pytest.raises(
        NotReached, match=r"one\.tif: could not be fetched: the server says 503.*; .*--dem FILE"
    ) as told:
        cache.get(RELIEF, tile(served))
    assert "\n" not in str(told.value) and len(served.asked) == fetching.TRIES
    assert cache.known(tile(served)) is None


def test_what_broke_off_goes_on_from_there(served: Served, cache: Cache) -> None:
    served.faults.append("cut")
    assert content(cache, served) == BODY
    assert [asked for _, asked in served.asked] == ["", f"bytes={len(BODY) // 2}-"]


def test_the_next_command_goes_on_from_what_an_earlier_left(served: Served, cache: Cache) -> None:
    served.faults.extend(["cut", "503", "503", "503"])
    with pytest.raises(NotReached):
        cache.get(RELIEF, tile(served))
    assert not list((cache.folder / "objects").iterdir())
    assert content(cache, served) == BODY
    assert served.asked[-1][1] == f"bytes={len(BODY) // 2}-"


def test_a_file_that_changed_meanwhile_is_fetched_whole(served: Served, cache: Cache) -> None:
    served.faults.extend(["cut", "503", "503", "503"])
    with pytest.raises(NotReached):
        cache.get(RELIEF, tile(served))
    (served.root / "one.tif").write_bytes(BODY[::-1])
    assert content(cache, served) == BODY[::-1]


def test_a_slow_body_is_waited_for_so_long_and_asked_again(
    served: Served, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "TIMEOUT_S", 0.4)
    served.faults.append("slow")
    assert content(cache, served) == BODY
    assert len(served.asked) == 2


def test_another_host_is_refused(served: Served, cache: Cache) -> None:
    served.faults.append("redirect")
    with pytest.raises(NotReached, match=r"another host \(elsewhere\.invalid\), which is refused"):
        cache.get(RELIEF, tile(served))
    assert len(served.asked) == 1


def test_what_was_damaged_on_the_disk_is_fetched_again(served: Served, cache: Cache) -> None:
    kept = cache.get(RELIEF, tile(served)).kept
    cache.path(kept).write_bytes(BODY[:100])
    assert content(cache, served) == BODY
    assert len(served.asked) == 2


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "5",
        "[]",
        "{}",
        "[" * 100_000,
        '{"url": 1}',
        '{"url": "x", "fetched": "", "sha256": "../../../kept", "n_bytes": 1, "etag": ""}',
    ],
)
def test_an_entry_that_is_damaged_is_fetched_again_and_leads_nowhere(
    served: Served, cache: Cache, tmp_path: Path, entry: str
) -> None:
    content(cache, served)
    (tmp_path / "kept").write_text("mine", encoding="utf-8")
    next((cache.folder / "addresses").glob("*.json")).write_text(entry, encoding="utf-8")
    assert list(cache.entries()) == []
    assert content(cache, served) == BODY and len(list(cache.entries())) == 1
    assert (tmp_path / "kept").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("told", ["5", "[]", '["x", -1, {"rot13": "x"}]', '["x", "y", []]', "[" * 100_000])
def test_a_note_of_a_part_that_is_damaged_is_not_believed(served: Served, cache: Cache, told: str) -> None:
    served.faults.extend(["cut"] * 4)
    with pytest.raises(NotReached):
        content(cache, served)
    next((cache.folder / "parts").glob("*.told")).write_text(told, encoding="utf-8")
    assert content(cache, served) == BODY


def test_a_tile_that_is_not_there_is_remembered_as_sea(served: Served, cache: Cache) -> None:
    assert cache.get(RELIEF, tile(served, "sea.tif")).path is None
    cache.get(RELIEF, tile(served, "sea.tif"))
    assert len(served.asked) == 1


def test_offline_fetches_nothing(served: Served, cache: Cache) -> None:
    kept = cache.get(RELIEF, tile(served)).kept
    offline = Cache(folder=cache.folder, limit_bytes=1e9, offline=True)
    assert offline.get(RELIEF, tile(served)).kept == kept
    with pytest.raises(DataError, match=r"two\.tif: is not in .*, and --offline fetches nothing; .*--dem FILE"):
        offline.get(RELIEF, tile(served, "two.tif"))
    assert len(served.asked) == 1


def test_a_full_disk_leaves_nothing_that_counts(served: Served, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(fetching, "_once", full)
        with pytest.raises(
            ExportError, match=r"cache: fetched files cannot be kept there \(No space left on device\); free"
        ):
            cache.get(RELIEF, tile(served))
    assert cache.known(tile(served)) is None
    assert content(cache, served) == BODY


def test_above_its_limit_the_cache_drops_what_is_oldest(served: Served, tmp_path: Path) -> None:
    (served.root / "two.tif").write_bytes(BODY[::-1])
    small = Cache(folder=tmp_path / "small", limit_bytes=len(BODY) // 2)
    old = small.get(RELIEF, tile(served)).kept
    os.utime(small.path(old), (0, 0))
    new = small.get(RELIEF, tile(served, "two.tif")).kept
    assert not small.path(old).exists() and small.path(new).exists()


def test_what_is_used_again_is_not_the_oldest(served: Served, tmp_path: Path) -> None:
    (served.root / "two.tif").write_bytes(BODY[::-1])
    small = Cache(folder=tmp_path / "small", limit_bytes=len(BODY) // 2)
    used = small.get(RELIEF, tile(served)).kept
    os.utime(small.path(used), (0, 0))
    small.get(RELIEF, tile(served))
    small.get(RELIEF, tile(served, "two.tif"))
    assert small.path(used).exists()


def test_what_has_another_hash_than_is_published_is_not_kept(served: Served, cache: Cache) -> None:
    served.digest = True
    served.faults.append("wrong")
    kept = cache.get(RELIEF, tile(served)).kept
    assert cache.path(kept).read_bytes() == BODY and kept.checked == "sha256" and len(served.asked) == 2
    served.faults.extend(["wrong"] * 2)
    (served.root / "two.tif").write_bytes(BODY)
    with pytest.raises(
        NotReached, match=r"two\.tif: what came has not the sha256 that the source publishes, and is not kept"
    ):
        cache.get(RELIEF, tile(served, "two.tif"))
    assert cache.known(tile(served, "two.tif")) is None and not list((cache.folder / "parts").iterdir())


def test_what_went_on_after_a_break_is_checked_whole(served: Served, cache: Cache) -> None:
    served.digest = True
    served.faults.append("cut")
    kept = cache.get(RELIEF, tile(served)).kept
    assert cache.path(kept).read_bytes() == BODY and kept.checked == "sha256"
    assert served.asked[1][1] == f"bytes={len(BODY) // 2}-"


def test_a_body_that_is_shorter_than_was_said_is_gone_on_with(served: Served, cache: Cache) -> None:
    served.faults.append("short")
    with pytest.raises(NotReached, match="could not be fetched"):
        fetching_once(served, cache)
    assert cache.path(cache.get(RELIEF, tile(served)).kept).read_bytes() == BODY


def fetching_once(served: Served, cache: Cache) -> None:
    """A command whose server says of every answer that more will come."""
    served.faults.extend(["short"] * 10)
    try:
        cache.get(RELIEF, tile(served))
    finally:
        served.faults.clear()


def test_a_page_instead_of_a_raster_is_not_kept(served: Served, cache: Cache) -> None:
    served.faults.append("page")
    with pytest.raises(NotReached, match=r"one\.tif: what came is no raster, and is not kept; try again; .*--dem FILE"):
        cache.get(Copernicus("http://unused", 90), tile(served))
    assert cache.known(tile(served)) is None and not list((cache.folder / "parts").iterdir())


def test_a_server_that_is_not_there_is_said(cache: Cache) -> None:
    with pytest.raises(NotReached, match=r"could not be fetched: .*refused.*--dem FILE") as told:
        cache.get(RELIEF, Ask(url="http://127.0.0.1:9/one.tif"))
    assert "\n" not in str(told.value)


def test_a_server_that_forbids_is_not_asked_again(served: Served, cache: Cache) -> None:
    served.faults.append("403")
    with pytest.raises(NotReached, match="the server says 403"):
        cache.get(RELIEF, tile(served))
    assert len(served.asked) == 1


def test_two_at_once_fetch_once(served: Served, cache: Cache) -> None:
    served.faults.append("slow")
    with ThreadPoolExecutor(3) as pool:
        got = list(pool.map(lambda _: cache.get(RELIEF, tile(served)), range(3)))
    assert len(served.asked) == 1 and sum(one.is_new for one in got) == 1
    assert len({one.kept for one in got}) == 1


def test_what_is_kept_is_listed_and_cleared(served: Served, cache: Cache) -> None:
    kept = cache.get(RELIEF, tile(served)).kept
    cache.get(RELIEF, tile(served, "sea.tif"))
    assert {one.url for one in cache.entries()} == {tile(served).url, tile(served, "sea.tif").url}
    assert cache.size_bytes() >= len(BODY)
    assert re.match(r"2 kept in .*cache \(\d+ MiB of 0\.9\d* GiB at most; otkel doctor --sources", cache.in_words())
    assert cache.clear() >= len(BODY) and not list(cache.entries()) and not cache.path(kept).exists()
    assert cache.path(cache.get(RELIEF, tile(served)).kept).read_bytes() == BODY


@pytest.mark.parametrize(
    ("heads", "status", "found"),
    [
        (
            {"Repr-Digest": "sha-256=:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=:"},
            206,
            {"sha256": bytes(range(32)).hex()},
        ),
        ({"Digest": "SHA-256=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}, 200, {"sha256": bytes(range(32)).hex()}),
        ({"x-goog-hash": "crc32c=n03x6A==, md5=AAECAwQFBgcICQoLDA0ODw=="}, 200, {"md5": bytes(range(16)).hex()}),
        ({"Content-MD5": "AAECAwQFBgcICQoLDA0ODw=="}, 200, {"md5": bytes(range(16)).hex()}),
        ({"Content-MD5": "AAECAwQFBgcICQoLDA0ODw=="}, 206, {}),
        ({"Server": "AmazonS3", "ETag": f'"{bytes(range(16)).hex()}"'}, 200, {"md5": bytes(range(16)).hex()}),
        ({"Server": "AmazonS3", "ETag": f'"{bytes(range(16)).hex()}-3"'}, 200, {}),
        ({"Server": "nginx", "ETag": f'"{bytes(range(16)).hex()}"'}, 200, {}),
        ({"x-amz-checksum-sha256": "nonsense"}, 200, {}),
    ],
)
def test_hashes_that_heads_state(heads: dict[str, str], status: int, found: dict[str, str]) -> None:
    assert published(heads, status) == found


def test_doctor_lists_and_clears_them(
    served: Served, cache: Cache, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OTKEL_SOURCES", str(cache.folder))
    monkeypatch.setattr(doctor, "_solvers_agree", lambda: (True, "not asked here"))
    cache.get(RELIEF, tile(served))
    listed = CliRunner().invoke(app, ["doctor", "--sources", "--json"])
    (row,) = json.loads(listed.stdout)["fetched"]
    assert row["url"] == tile(served).url and row["n_bytes"] == len(BODY)
    assert "1 kept in" in json.loads(listed.stdout)["fetched files"]
    cleared = CliRunner().invoke(app, ["doctor", "--clear-sources"])
    assert "1 MiB of fetched files were removed" in cleared.stderr and "0 kept in" in cleared.stdout
    assert not list(cache.entries())


def test_a_folder_that_cannot_be_written_is_said(served: Served, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    with pytest.raises(
        ExportError, match=r"taken: fetched files cannot be kept there \(.*\); free space, or choose another"
    ):
        Cache(folder=tmp_path / "taken", limit_bytes=1e9).get(RELIEF, tile(served))
    assert not served.asked
