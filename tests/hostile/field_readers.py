"""Readers of what comes from the field, from other programs and from sources: the doors that the commands use."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rasters.files.foreign import read_foreign
from rasters.files.vectors import read_vectors
from scenarios.batch.session import merge_batch
from scenarios.evidence.sharing import share_evidence
from scenarios.importing.session import ImportRequest, import_features
from scenarios.land.inputs import read_inputs
from scenarios.progress import Reporter
from scenarios.region.cache import Cache
from scenarios.region.given import bounds_of
from scenarios.region.source import Got, Kept, Place
from scenarios.region.sources.osm_extract import OsmExtract
from scenarios.region.sources.overpass import Overpass
from scenarios.region.sources.protected_areas import ProtectedAreas
from scenarios.study.load import resolve
from scenarios.tracks.findings import TracksJob, find
from scenarios.tracks.reading import Tracks, read_tracks
from tests.hostile import field_seeds as seeds
from tests.hostile.door import GRID, Reader
from tests.support.foreign_files import CASES

QUIET = Reporter(quiet=True)
MAIN = {
    ".dbf": ".shp",
    ".shx": ".shp",
    ".prj": ".shp",
    ".cpg": ".shp",
    ".mid": ".mif",
    ".dat": ".tab",
    ".map": ".tab",
    ".id": ".tab",
}
CASE = {case.name: case for case in CASES if case.name in seeds.IMPORTED}
PLACE = Place.around((60.0, 45.0, 61.0, 46.0), 5000.0)


def _main(path: Path) -> Path:
    """The file that is named, of a data set of several."""
    return path.with_suffix(MAIN.get(path.suffix, path.suffix))


def _tracks(folder: Path, name: str) -> Tracks:
    data = folder / Path(name).parent
    return read_tracks(data if data.name == "tracks" else folder / name)


def _whole_tracks(folder: Path, name: str) -> None:
    resolved = resolve(str(folder / "study.yaml"))
    job = TracksJob(
        name="tiny", resolved=resolved, inputs=read_inputs(resolved), species=tuple(resolved.study.species), tracks=_tracks(folder, name),
        overrides={}, ranking=False, seed=1,
    )  # fmt: skip
    find(job, lambda _: None)


def _foreign(folder: Path, name: str) -> None:
    read_foreign(_main(folder / name))


def _imported(folder: Path, name: str) -> None:
    path = _main(folder / name)
    case = CASE[path.name]
    import_features(ImportRequest(kind=case.kind, file=path, study=str(folder / "study.yaml"), **case.options), QUIET)


def _vectors(folder: Path, name: str) -> None:
    path = _main(folder / name)
    read_vectors(path, "tracks" if path.suffix == ".gpx" else None, GRID, id_column="id")


def _extract(folder: Path, name: str) -> None:
    path = folder / name
    if name.endswith(".pbf"):
        OsmExtract(path).read(PLACE, ())
    elif name.startswith("wdpa"):
        ProtectedAreas(path).read(PLACE, ())
    else:
        bounds_of(None, path)


def _fetched(folder: Path, name: str) -> None:
    cache, answers = Cache(folder=folder / "sources", limit_bytes=1e9, offline=True), Overpass("https://example.org")
    list(cache.entries())
    cache.known(seeds.ASK)
    kept = Kept(url="x", fetched="", sha256="x", n_bytes=1, etag="")
    if not answers.fault(folder / "answer.json"):
        answers.read(PLACE, [Got(ask=seeds.ASK, kept=kept, path=folder / "answer.json")])


def _batch(folder: Path, _: str) -> None:
    merge_batch(folder / "batch", partial=True)


def _evidence(folder: Path, name: str) -> None:
    audience = ("public", "partner")[len(name) % 2]
    share_evidence(str(folder / "study.yaml"), folder / "evidence", folder / "shared", QUIET, audience=audience)


TRACKS = Reader(write=seeds.write_tracks, files=("tracks/*", "movebank/*"), read=_tracks, deep=_whole_tracks, weight=2)
FIELD_READERS: dict[str, Reader] = {
    "collars": TRACKS,
    "collars: tracks.yaml": replace(TRACKS, files=("tracks/tracks.yaml",), weight=2),
    "import": Reader(write=seeds.write_imported, files=("import/*",), read=_foreign, deep=_imported, weight=10),
    "other vectors": Reader(write=seeds.write_more_vectors, files=("other/*",), read=_vectors, weight=8),
    "region: files": Reader(
        write=seeds.write_extract, files=("*.pbf", "wdpa.gpkg", "area.geojson"), read=_extract, weight=2
    ),
    "region: fetched": Reader(
        write=seeds.write_fetched, files=("answer.json", "sources/addresses/*.json"), read=_fetched, weight=3
    ),
    "batch folder": Reader(
        write=seeds.write_batch,
        files=("batch/batch.json", "batch/runs/**/run.json", "batch/runs/**/*.csv"),
        read=_batch,
        weight=3,
    ),
    "evidence folder": Reader(
        write=seeds.write_evidence, files=("evidence/manifest.json", "evidence/*.csv"), read=_evidence, weight=3
    ),
}
