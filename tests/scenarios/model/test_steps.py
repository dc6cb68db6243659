"""Solved steps on disk: exact, found again exactly when nothing that matters has changed, and never trusted blindly."""

from __future__ import annotations

import ast
import errno
import hashlib
import json
import multiprocessing
import os
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import rasterio
import yaml

import scenarios.land.inputs
import scenarios.model.steps as steps
from rasters.errors import ConfigError, DataError, ExportError, PlannerWarning
from scenarios.land.inputs import read_inputs
from scenarios.model.results import SpeciesRun
from scenarios.model.steps import KEPT, StepStore, open_store, solve_step, step_key
from scenarios.records.content import _files_of, _imported, code_hash, source_files
from scenarios.records.fingerprint import file_hash
from scenarios.records.packing import pack, unpack
from scenarios.study.load import ResolvedStudy, resolve
from tests.support.places import ROOT
from tests.support.tiny_study import let_through, write_regions, write_tiny_study, write_yaml

BIG = {"layers", "surface", "cuts", "places"}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_study(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def solved(study: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[SpeciesRun, bytes, str]:
    """A step, the file that it is kept in, and its key."""
    store = StepStore(folder=tmp_path_factory.mktemp("steps"))
    run = solve_step(resolve(str(study)), "digger", store)
    (path,) = store.folder.iterdir()
    return run, path.read_bytes(), path.stem


def key_of(study: Path, species: str = "digger", scenario: str | None = None, **overrides: Any) -> str:
    resolved = resolve(str(study), scenario, overrides)
    return step_key(resolved, read_inputs(resolved, [species]).profiles[species])


def told(resolved: ResolvedStudy, store: StepStore, species: str = "digger") -> tuple[SpeciesRun, list[str]]:
    said: list[str] = []
    return solve_step(resolved, species, store, said.append), said


def assert_same(a: Any, b: Any) -> None:
    """To the last bit, tables with their types."""
    if isinstance(a, pd.DataFrame):
        pd.testing.assert_frame_equal(a, b, check_exact=True, check_index_type=True)
    elif isinstance(a, np.ndarray):
        assert (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())
    elif isinstance(a, tuple):
        assert len(a) == len(b)
        for one, other in zip(a, b, strict=True):
            assert_same(one, other)
    elif hasattr(a, "__dataclass_fields__"):
        assert type(a) is type(b)
        for field in fields(a):
            assert_same(getattr(a, field.name), getattr(b, field.name))
    else:
        assert a == b or (a != a and b != b)


def test_a_kept_step_is_the_solved_one_to_the_last_bit(study: Path, tmp_path: Path) -> None:
    store = StepStore(folder=tmp_path / "new" / "steps")
    first, said = told(resolve(str(study)), store)
    again, said_again = told(resolve(str(study)), store)
    assert KEPT not in said and said_again == [KEPT]
    assert store.size()[0] == len(store.kept) == 1
    for field in fields(SpeciesRun):
        if field.name not in BIG:
            assert_same(getattr(first, field.name), getattr(again, field.name))
    np.testing.assert_array_equal(first.surface.values, again.surface.values)


def test_scenarios_that_do_not_differ_for_a_species_share_a_step(study: Path, tmp_path: Path) -> None:
    store = StepStore(folder=tmp_path)
    told(resolve(str(study), "closed"), store)
    same = resolve(str(study), "both", {"fences.active": ["border"]})
    run, said = told(same, store)
    assert said == [KEPT]
    assert (run.scenario, run.titles["scenario"]) == ("both", "Both lines")
    assert told(resolve(str(study), "both"), store)[1] != [KEPT]


@pytest.mark.parametrize(
    "overrides",
    [
        {"title": "Another title"},
        {"assumptions": ["Nothing is assumed."]},
        {"species.walker.weight": 5},
        {"species.digger.weight": 5},
        {"fences.permeability": {"inner": {"digger": let_through(0.9), "walker": let_through(0.1)}}},
        {"routes.walker": {"from": ["south_hills"], "to": ["north_lake"]}},
        {"designs.wires_out.use_factor": {"walker": 0.1}},
        {"designs.wires_out.origin": "measured"},
        {"portfolio.budget": 3},
        {"corridors.alternatives": 5},
        {"regions.name": "id"},
    ],
    ids=lambda o: next(iter(o)),
)
def test_what_does_not_matter_for_a_species_is_not_in_its_key(study: Path, overrides: dict[str, Any]) -> None:
    assert key_of(study) == key_of(study, **overrides)


@pytest.mark.parametrize(
    "overrides",
    [
        {"fences.permeability": {"border": {"digger": let_through(0.5)}}},
        {"fences.model.free_path_m": 1100},
        {"fences.active": []},
        {"routes.digger": {"from": ["south_hills"], "to": ["north_lake"]}},
        {"designs.wires_out.use_factor": {"digger": 0.1}},
        {"designs.wires_out.cost": 3},
        {"candidates.every_m": 1000},
        {"candidates.min_spacing_m": 100},
        {"ranking.shortlist": 3},
        {"solver.tolerance": 1e-8},
        {"solver.neighbours": 4},
        {"grid.cell_m": 2000},
        {"layers.slope_percent.fill_nodata": 0},
        {"month": 3},
        {"openings": [{"id": "gap", "fence_line": "border", "design": "bridge", "every_m": 9000}]},
    ],
    ids=lambda o: next(iter(o)),
)
def test_what_matters_is_in_the_key(study: Path, overrides: dict[str, Any]) -> None:
    if "grid.cell_m" in overrides:
        overrides = overrides | {"layers.water.resampling": "nearest"}
    assert key_of(study) != key_of(study, **overrides)


def test_actions_count_by_what_they_change_and_by_what_they_cost(tmp_path: Path) -> None:
    """The costs of all that is done stand among the indicators of every species."""

    folder = write_tiny_study(tmp_path / "study")
    settings = yaml.safe_load((folder / "study.yaml").read_text())

    def key_with(action: dict[str, Any]) -> str:
        plain = {"kind": "protect", "area": {"region": "north_park"}, "resistance_factor": 0.5, "cost": 1}
        done = {"actions": {"guard": plain | action, "idle": plain}, "done": ["guard"]}
        write_yaml(folder / "study.yaml", settings | done)
        return key_of(folder)

    keys = {
        "plain": key_with({}),
        "title": key_with({"title": "Guarded"}),
        "stronger": key_with({"resistance_factor": 0.4}),
        "dearer": key_with({"cost": 2}),
        "others": key_with({"species": ["walker"]}),
        "others, stronger": key_with({"species": ["walker"], "resistance_factor": 0.4}),
        "others, dearer": key_with({"species": ["walker"], "cost": 2}),
    }
    assert keys["title"] == keys["plain"] and keys["others"] == keys["others, stronger"]
    assert len(set(keys.values())) == 5


def test_a_store_that_others_own_can_be_read(study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = StepStore(folder=tmp_path)
    told(resolve(str(study)), store)

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EACCES, "not yours")

    monkeypatch.setattr(os, "utime", refuse)
    assert told(resolve(str(study)), store)[1] == [KEPT]


def test_species_differ_even_with_the_same_routes(study: Path) -> None:
    assert key_of(study, "walker") != key_of(study, "digger")


def _drain(folder: Path) -> None:
    with rasterio.open(folder / "water.tif", "r+") as file:
        file.write(np.zeros((1, *file.shape), np.uint8))


def _steeper(folder: Path) -> None:
    text = (folder / "digger.yaml").read_text()
    (folder / "digger.yaml").write_text(text.replace("value: 3.0", "value: 3.5"))


def _renamed(folder: Path) -> None:
    text = (folder / "digger.yaml").read_text()
    (folder / "digger.yaml").write_text(text.replace("ru: digger", "ru: копатель"))


def _other_species(folder: Path) -> None:
    text = (folder / "walker.yaml").read_text()
    (folder / "walker.yaml").write_text(text.replace("value: 8.0", "value: 9.0"))


@pytest.mark.parametrize(
    ("change", "matters"),
    [
        (_drain, True),
        (_steeper, True),
        (lambda folder: write_regions(folder, {"north_lake": (30.0, 30.0)}), True),
        (_renamed, False),
        (_other_species, False),
        (lambda folder: (folder / "notes.txt").write_text("unread"), False),
    ],
    ids=["water", "profile", "regions", "label", "other-species", "unread-file"],
)
def test_files_count_by_what_is_in_them(tmp_path: Path, change: Callable[[Path], object], matters: bool) -> None:
    folder = write_tiny_study(tmp_path / "study")
    before = key_of(folder)
    change(folder)
    assert (key_of(folder) != before) == matters


def test_a_layer_that_the_species_does_not_read_is_not_in_its_key(tmp_path: Path) -> None:
    def with_more(settings: dict[str, Any]) -> None:
        settings["layers"]["more"] = {"file": "more.tif", "unit": "1"}

    folder = write_tiny_study(tmp_path / "study", with_more)
    (folder / "more.tif").write_bytes((folder / "dem.tif").read_bytes())
    before = key_of(folder)
    with rasterio.open(folder / "more.tif", "r+") as file:
        file.write(np.ones((1, *file.shape), np.float32))
    assert key_of(folder) == before


def test_the_code_and_its_libraries_are_in_the_key(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = key_of(study)
    monkeypatch.setattr(steps, "code_hash", lambda *modules: "other")
    assert key_of(study) != before


def test_imports_are_those_that_python_finds() -> None:
    for path in (path for room in ("connectivity", "rasters", "scenarios") for path in (ROOT / room).rglob("*.py")):
        found: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {one.name for one in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found |= {node.module, *(f"{node.module}.{one.name}" for one in node.names)}
        assert {name for name in found if _files_of(name)} <= set(_imported(path)), path


def test_sources_are_followed_through_every_import() -> None:
    names = {path.name for path in source_files("scenarios.model.species_run")}
    assert {"species_run.py", "terrain.py", "cycle.py", "fence_cut.py", "reference.py", "reading.py"} <= names
    assert not {"page.py", "map.py", "session.py", "audience.py", "passage_model.py"} & names
    paths = {path.relative_to(ROOT).as_posix() for path in source_files("scenarios.model.species_run")}
    assert not [path for path in paths if path.startswith(("scenarios/outputs/", "scenarios/commands/"))]
    assert (
        code_hash("scenarios.model.species_run")
        == code_hash("scenarios.model.species_run")
        != code_hash("rasters.grid")
    )
    with pytest.raises(ModuleNotFoundError, match=r"scenarios\.nowhere"):
        code_hash("rasters.grid", "scenarios.nowhere")


def test_a_files_hash_is_taken_again_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("one")
    first = file_hash(path)
    path.write_text("two!")
    assert file_hash(path) != first


@pytest.mark.parametrize(
    "damage",
    [
        lambda b: b[:-1],
        lambda b: b[: len(b) // 2],
        lambda b: b"",
        lambda b: b[:200] + bytes([b[200] ^ 1]) + b[201:],
        lambda b: b[:-9] + bytes([b[-9] ^ 16]) + b[-8:],
        lambda b: b.replace(b"otkel step 1", b"otkel step 0", 1),
        lambda b: b + b"more",
    ],
    ids=["cut", "half", "empty", "bit-in-head", "bit-in-array", "other-format", "longer"],
)
def test_a_damaged_step_is_removed_told_and_solved_again(
    study: Path, tmp_path: Path, solved: tuple[SpeciesRun, bytes, str], damage: Callable[[bytes], bytes]
) -> None:
    run, content, key = solved
    store = StepStore(folder=tmp_path)
    store.path_of(key).write_bytes(damage(content))
    with pytest.warns(PlannerWarning, match="cannot be used .* removed and solved again"):
        again, said = told(resolve(str(study)), store)
    assert KEPT not in said
    assert_same(run.cwd, again.cwd)
    assert told(resolve(str(study)), store)[1] == [KEPT]


def test_a_step_of_another_kind_with_a_right_checksum_is_not_believed(
    study: Path, tmp_path: Path, solved: tuple[SpeciesRun, bytes, str]
) -> None:
    """A file may be whole and yet say what no step says, such as a class to be made that is none of ours."""
    store = StepStore(folder=tmp_path)
    for lie in (["object", "subprocess:Popen", {"args": "ls"}], ["enum", "os:system", "ls"], ["odd"]):
        with store.path_of(solved[2]).open("w+b") as stream:
            steps._write(stream, {}, {})
        head = store.path_of(solved[2]).read_bytes().splitlines(keepends=True)
        body = head[1] + json.dumps({"arrays": 0, "value": lie}).encode() + b"\n"
        digest = hashlib.sha256(body).hexdigest().encode()
        store.path_of(solved[2]).write_bytes(steps.MAGIC + digest + b"\n" + body)
        with pytest.warns(PlannerWarning, match="cannot be used"):
            assert KEPT not in told(resolve(str(study)), store)[1]


def test_a_full_disk_under_the_store_does_not_stop_the_run(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def full(path: Path) -> Any:
        raise ExportError(f"{path}: could not be written: the disk is full") from OSError(errno.ENOSPC, "full")
        yield

    monkeypatch.setattr(steps, "replacing", full)
    store = StepStore(folder=tmp_path)
    with pytest.warns(PlannerWarning, match="closed, digger: this step could not be kept"):
        run, _ = told(resolve(str(study)), store)
    assert np.isfinite(run.cwd).any() and not store.kept and store.size() == (0, 0)


def test_the_store_keeps_to_its_size_and_drops_what_was_not_used_longest(
    tmp_path: Path, solved: tuple[SpeciesRun, bytes, str]
) -> None:
    run, content, _ = solved
    store = StepStore(folder=tmp_path, limit_bytes=3 * len(content) + 10)
    for number in range(3):
        store.path_of(f"{number}" * 32).write_bytes(content)
        os.utime(store.path_of(f"{number}" * 32), (1000 + number, 1000 + number))
    os.utime(store.path_of("0" * 32), (5000, 5000))
    store.keep("3" * 32, run.ranking, steps._facts(run))
    assert {path.stem[0] for path in tmp_path.iterdir()} == {"0", "2", "3"}
    tight = replace(store, limit_bytes=1)
    tight.keep("4" * 32, run.ranking, steps._facts(run))
    assert [path.stem[0] for path in tmp_path.iterdir()] == ["4"]
    assert tight.size()[0] == 1 and tight.clear() > 0 and tight.size() == (0, 0)


def test_a_step_that_another_process_is_writing_is_neither_counted_nor_removed(
    tmp_path: Path, solved: tuple[SpeciesRun, bytes, str]
) -> None:
    run, content, _ = solved
    part = tmp_path / f".{'5' * 32}.host-1.part.step"
    part.write_bytes(content[:100])
    store = StepStore(folder=tmp_path, limit_bytes=1)
    store.keep("4" * 32, run.ranking, steps._facts(run))
    assert store.size()[0] == 1 and len(list(store.all_facts())) == 1 and part.is_file()
    store.clear()
    assert [path.name for path in tmp_path.iterdir()] == [part.name]


def _solve_all(study: str, folder: str) -> None:
    for scenario in ("closed", "both", "free"):
        solve_step(resolve(study, scenario), "digger", StepStore(folder=Path(folder)))


def test_several_processes_use_one_store_at_once(study: Path, tmp_path: Path) -> None:
    other = multiprocessing.get_context("spawn").Process(target=_solve_all, args=(str(study), str(tmp_path)))
    other.start()
    while other.is_alive():
        _solve_all(str(study), str(tmp_path))
    assert other.exitcode == 0
    store = StepStore(folder=tmp_path)
    for scenario in ("closed", "both", "free"):
        assert told(resolve(str(study), scenario), store)[1] == [KEPT]
    assert len(list(tmp_path.iterdir())) == 3


def test_a_step_is_kept_under_what_was_read_not_what_the_file_holds_by_then(tmp_path: Path) -> None:
    """Somebody saves another file while a long run is going on."""
    folder, store = write_tiny_study(tmp_path / "study"), StepStore(folder=tmp_path / "steps")
    resolved = resolve(str(folder))
    inputs = read_inputs(resolved, ["digger"])
    _drain(folder)
    solve_step(resolved, "digger", store, inputs=inputs)
    assert told(resolved, store)[1] != [KEPT]
    assert solve_step(resolved, "digger", store, inputs=inputs).surface.barrier.any()
    assert len(store.kept) == 2


def test_a_file_that_changes_while_it_is_read_stops_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_tiny_study(tmp_path / "study")
    cut = scenarios.land.inputs.cut_edges

    def slow(*arguments: Any) -> Any:
        _drain(folder)
        return cut(*arguments)

    monkeypatch.setattr(scenarios.land.inputs, "cut_edges", slow)
    with pytest.raises(DataError, match=r"water\.tif: was changed while it was read"):
        read_inputs(resolve(str(folder)))


def test_a_surface_of_deaths_is_in_the_key(tmp_path: Path) -> None:
    def with_deaths(settings: dict[str, Any]) -> None:
        settings["mortality"] = {"reach_km": 100, "surface": "risk.tif"}

    folder = write_tiny_study(tmp_path / "study", with_deaths)
    (folder / "risk.tif").write_bytes(b"one")
    before = key_of(folder)
    (folder / "risk.tif").write_bytes(b"two")
    assert key_of(folder) != before


def test_where_the_store_is_and_how_large(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OTKEL_STEPS_GB", "0.5")
    assert open_store(tmp_path) == StepStore(folder=tmp_path, limit_bytes=2**29)
    monkeypatch.delenv("OTKEL_STEPS")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert open_store().folder == tmp_path / "otkel" / "steps"
    monkeypatch.setenv("OTKEL_STEPS_GB", "much")
    for text in ("inf", "nan", "-1"):
        monkeypatch.setenv("OTKEL_STEPS_GB", text)
        with pytest.raises(ConfigError, match=f"OTKEL_STEPS_GB={text}: is"):
            open_store(tmp_path)
    monkeypatch.setenv("OTKEL_STEPS_GB", "much")
    with pytest.raises(ConfigError, match="OTKEL_STEPS_GB=much: is not a number"):
        open_store()


def test_packing_keeps_kinds_and_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    value = {
        "nan": float("nan"),
        "inf": [float("inf"), -0.0],
        "none": None,
        ("a", 1): True,
        "text": "Үстірт",
        "array": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "empty": np.empty((0, 2), np.int8),
        "table": pd.DataFrame({"a": [1.5, np.nan], "b": ["x", None], "c": [True, False]}, index=[4, 2]),
    }
    with (tmp_path / "packed").open("w+b") as stream:
        pack(value, stream)
        stream.seek(0)
        found = unpack(stream)
    assert list(found) == list(value)
    for key, item in value.items():
        assert type(found[key]) is type(item)
        if key == "inf":
            assert np.signbit(found[key][1])
        assert_same(tuple(item) if isinstance(item, list) else item, tuple(found[key]) if key == "inf" else found[key])
    for odd in (object(), {1, 2}, pd.DataFrame({"a": pd.Categorical(["x"])}), np.array(["text"])):
        with (tmp_path / "odd").open("wb") as stream, pytest.raises(TypeError, match="cannot be kept"):
            pack(odd, stream)


def test_a_study_written_again_word_by_word_has_the_same_keys(tmp_path: Path) -> None:
    """Folder, times of change and order of keys do not matter."""
    one, two = write_tiny_study(tmp_path / "one"), write_tiny_study(tmp_path / "two")
    settings = yaml.safe_load((two / "study.yaml").read_text())
    write_yaml(two / "study.yaml", dict(reversed(settings.items())))
    for name in ("dem.tif", "water.tif"):
        (two / name).write_bytes((one / name).read_bytes())
    for name in ("regions.gpkg", "fences.gpkg"):
        (two / name).write_bytes((one / name).read_bytes())
    assert key_of(one) == key_of(two)
