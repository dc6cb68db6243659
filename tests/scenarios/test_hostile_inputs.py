"""A short round of the fuzz harness, and every kind of input that has stopped a reader otherwise than by a clear error."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from scenarios.outputs.job import Summary
from scenarios.outputs.report.payload import Contents
from tests.hostile import fuzz
from tests.hostile.readers import READERS
from tests.support.places import ROOT

INPUTS = 6
SLOW = {"kept steps", "camera traps", "plain tables"}
"""Readers of which the short round tries a few inputs only."""
LONG = {"batch folder", "evidence folder"}
"""Readers whose valid files take a while to make: the long round reads them, and their own tests."""


@pytest.fixture(autouse=True)
def stored_run(small_study: Path, small_run: Summary[Contents], monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers of results take the run that all tests share."""

    def write(folder: Path) -> None:
        shutil.copytree(small_study, folder / "study")
        shutil.copytree(small_run.folder, folder / "run")

    for name in ("manifest (--from)", "results: manifest", "results: files"):
        monkeypatch.setitem(READERS, name, replace(READERS[name], write=write, deep=None))


@pytest.mark.parametrize("name", [name for name in READERS if name not in LONG])
def test_a_broken_input_is_refused_or_read(name: str, tmp_path: Path) -> None:
    desk = fuzz.Desk(name, tmp_path)
    for number in range(1, 3 if name in SLOW else 1 + INPUTS):
        end = desk.read(desk.input(number, seed=20))
        assert end.how in ("accepted", "refused"), f"{number}: {end.kind}\n{end.text}"


def test_the_same_seed_breaks_the_same_way(tmp_path: Path) -> None:
    desk = fuzz.Desk("names (--out)", tmp_path / "one")
    again = fuzz.Desk("names (--out)", tmp_path / "two")
    inputs = [desk.input(number, seed=1) for number in range(50)]
    assert inputs == [again.input(number, seed=1) for number in range(50)]
    assert len({one.content for one in inputs}) > 40


def test_the_long_round_reads_in_processes_of_its_own() -> None:
    """Away from here: no process is split off from one whose threads compute."""
    words = [sys.executable, "-m", "tests.hostile", "fuzz", "--reader", "species.yaml", "--inputs", "5"]
    said = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    tried, accepted, refused = (int(word) for word in said.splitlines()[1].split()[1:4])
    assert tried == 5 == accepted + refused


def test_a_reader_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object) -> None:
        raise LookupError("no such study")

    monkeypatch.setattr(fuzz, "_work", stopped)
    with pytest.raises(RuntimeError, match="LookupError: no such study"):
        fuzz.fuzz(["species.yaml"], 5, 1)


def test_a_kept_input_is_read_again(tmp_path: Path) -> None:
    one = fuzz.Desk("names (--out)", tmp_path / "desk").input(3, seed=1)
    one.write(tmp_path / "kept.json")
    assert fuzz.Input.read(tmp_path / "kept.json") == one
    assert fuzz.replay(tmp_path / "kept.json").how in ("accepted", "refused")


Change = Callable[[bytes], bytes]


def put(old: str, new: str) -> Change:
    """One text in place of another, which must be there."""

    def change(raw: bytes) -> bytes:
        assert old.encode() in raw
        return raw.replace(old.encode(), new.encode(), 1)

    return change


def states(**keys: object) -> Change:
    """Keys of a JSON file set."""
    return lambda raw: json.dumps(json.loads(raw) | keys).encode()


def of_run(**keys: object) -> Change:
    """Keys of the first run of a manifest set."""

    def change(raw: bytes) -> bytes:
        manifest = json.loads(raw)
        manifest["runs"][0] |= keys
        return json.dumps(manifest).encode()

    return change


def drawn(coordinates: bytes) -> Change:
    """Other coordinates for the first line of a GeoJSON file."""
    return lambda raw: re.sub(rb'"coordinates": ?\[.*?\]\s*\]', b'"coordinates": ' + coordinates, raw, count=1)


LAUGHS = "".join(
    f"{after}: &{after} [{', '.join([f'*{before}'] * 9)}]\n" for before, after in itertools.pairwise("abcdefgh")
)
FAR = b"[[1e308, 0], [-1e308, 1]]"
KINDS: dict[str, tuple[str, str, Change, str]] = {
    "a name longer than file systems take": (
        "study.yaml",
        "study.yaml",
        put("file: dem.tif", f"file: {'x' * 300}.tif"),
        "longer than",
    ),
    "brackets without end": ("study.yaml", "study.yaml", lambda raw: raw + b"\nx: " + b"[" * 5000, "nested more than"),
    "a list within itself": ("species.yaml", "walker.yaml", lambda raw: raw + b"\nx: &x [*x]", "nested more than"),
    "aliases of aliases": (
        "study.yaml",
        "study.yaml",
        lambda raw: raw + f"\na: &a [x]\n{LAUGHS}".encode(),
        "aliases stand for",
    ),
    "a word that its tag does not fit": (
        "study.yaml",
        "study.yaml",
        lambda raw: raw + b"\nx: !!bool x",
        "does not fit its tag",
    ),
    "a date that is none": ("overrides (--set)", "set-0.value", lambda _: b"fences.active=2024-13-45", "fences.active"),
    "brackets in --set": (
        "overrides (--set)",
        "set-0.value",
        lambda _: b"fences.active=" + b"[" * 5000,
        "not valid YAML",
    ),
    "coordinates beyond the Earth": ("GeoJSON", "fences.geojson", drawn(FAR), "fences.geojson"),
    "a line of one point": ("GeoJSON", "fences.geojson", drawn(b"[[1, 1]]"), "fences.geojson"),
    "a list for the line of a fence": (
        "GeoJSON",
        "fences.geojson",
        lambda raw: raw.replace(b'"border"', b'["border", "x"]'),
        "unknown fence line 'border'",
    ),
    "a layer in another encoding": (
        "GeoJSON",
        "fences.geojson",
        lambda raw: raw.replace(b'"name": "fences"', b'"name": "\x8d\xff"'),
        "fences.geojson",
    ),
    "a NUL in a job": ("Circuitscape job", "list.ini", put("points.txt", "points\0.txt"), "holds a NUL character"),
    "a path of 400 letters in a job": ("Circuitscape job", "list.ini", put("habitat.asc", "h" * 400), "names no file"),
    "cells of no width": (
        "Omniscape files",
        "habitat.asc",
        lambda raw: re.sub(rb"cellsize\s+\S+", b"cellsize 0", raw),
        "habitat.asc",
    ),
    "a format that writes no dates": ("patrols", "crime.yaml", put("%Y-%m-%d", "%Y-%m%-%d"), "writes no dates"),
    "credits of numbers": (
        "results: manifest",
        "run/manifest.json",
        lambda raw: json.dumps(json.loads(raw) | {"scenarios": {"closed": {"credits": 5}}}).encode(),
        "scenarios.closed.credits",
    ),
    "pairs without a column": (
        "results: files",
        "run/closed/walker/pairs.csv",
        put("least_cost_no_fence_m", "x"),
        "it has no column least_cost_no_fence_m",
    ),
    "resources by lists": (
        "camera traps",
        "datapackage.json",
        states(resources=[{"name": ["x"]}]),
        "there is no deployments",
    ),
    "a damaged gzip table": (
        "plain tables",
        "plain/deployments.csv.gz",
        lambda raw: raw[:20] + bytes(20) + raw[40:],
        "deployments.csv.gz",
    ),
    "a bandwidth of the universe": ("patrols", "crime.yaml", put("- 10\n", "- 1e300\n"), "bandwidths_km"),
    "classes in another encoding": ("Omniscape files", "reclass.txt", lambda _: b"1 5\n2 \xff\xfe\n", "reclass.txt"),
    "a manifest of lists": (
        "manifest (--from)",
        "run/manifest.json",
        states(settings={"bases": {"closed": "x"}}),
        "settings.bases",
    ),
    "a manifest without settings": (
        "manifest (--from)",
        "run/manifest.json",
        states(scenarios={}),
        "states no settings",
    ),
    "a manifest nested too deeply": (
        "manifest (--from)",
        "run/manifest.json",
        lambda _: b"[" * 100_000,
        "nested too deeply",
    ),
    "a grid that is none": ("results: manifest", "run/manifest.json", of_run(grid={"shape": 3}), "runs[0].grid"),
    "a run outside the folder": (
        "results: manifest",
        "run/manifest.json",
        of_run(scenario="/etc"),
        "relative to its folder",
    ),
    "a solve that is none": (
        "results: manifest",
        "run/manifest.json",
        of_run(reports=[{"method": []}]),
        "runs[0].reports",
    ),
    "a table of a run without its totals": (
        "results: files",
        "run/closed/walker/pairs.csv",
        put(",any,", ",some,"),
        "was changed after the run",
    ),
    "a name of 300 letters": (
        "names (--out)",
        "out-0.value",
        lambda _: b"out=" + b"n" * 300,
        "results cannot be written there",
    ),
}
"""What has ended as a bug once: reader, file, how it was broken, and what is said now."""


@pytest.mark.parametrize("kind", KINDS)
def test_what_once_stopped_a_reader_is_told(kind: str, tmp_path: Path) -> None:
    reader, file, change, words = KINDS[kind]
    desk = fuzz.Desk(reader, tmp_path)
    content = change(desk.valid[str(desk.folder / file)])
    end = desk.read(fuzz.Input(reader=reader, number=0, seed=0, file=file, content=content))
    assert (end.how, end.kind) == ("refused", ""), end.text
    assert words in end.text
