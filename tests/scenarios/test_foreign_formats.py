"""A file under an ordinary name that is of another format, or sends the reader elsewhere, is refused; nobody is called."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rasters.errors import DataError, PlannerError
from rasters.files.foreign import read_foreign
from rasters.files.vectors import read_vectors
from scenarios.outputs.job import Summary
from scenarios.outputs.report.payload import Contents
from scenarios.outputs.stored import read_results
from tests.hostile.door import GRID
from tests.hostile.fuzz import Desk, Input

FOREIGN = {
    "raster elsewhere": "<VRTDataset rasterXSize='4' rasterYSize='3'><VRTRasterBand dataType='Float32' band='1'><SimpleSource>"
    "<SourceFilename>/vsicurl/{0}/x.tif</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>",
    "vectors elsewhere": "<OGRVRTDataSource><OGRVRTLayer name='x'><SrcDataSource>/vsicurl/{0}/x.gpkg</SrcDataSource></OGRVRTLayer>"
    "</OGRVRTDataSource>",
    "map service": "<GDAL_WMS><Service name='TMS'><ServerUrl>{0}/${{z}}/${{x}}/${{y}}.png</ServerUrl></Service></GDAL_WMS>",
    "address": "{0}/x.tif",
    "prefix": "/vsicurl/{0}/x.csv",
    "archive": "PK\x03\x04 and more",
}
DOORS = ["camera traps", "plain tables", "patrols", "Circuitscape files", "Omniscape files"]


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


@pytest.mark.filterwarnings("ignore")
def test_results_with_a_file_of_another_format_are_refused_or_do_not_read_it(
    tmp_path: Path, server: socket.socket, small_run: Summary[Contents]
) -> None:
    """Whatever file of a finished run is replaced; tables for people only are not read again."""
    whole = tmp_path / "run"
    shutil.copytree(small_run.folder, whole)
    files = [path for path in whole.rglob("*") if path.suffix in (".csv", ".tif", ".gpkg", ".npz")]
    content = FOREIGN["raster elsewhere"].format(f"http://127.0.0.1:{server.getsockname()[1]}").encode()
    refused = set()
    for file in files:
        kept = file.read_bytes()
        file.write_bytes(content)
        try:
            stored = read_results(whole)
            repr([stored.runs, stored.combined, stored.borders])
        except PlannerError as error:
            refused.add(file.name)
            assert file.name in str(error)
        file.write_bytes(kept)
    assert {
        "combined.csv",
        "passages.csv",
        "pairs.csv",
        "results.gpkg",
        "resistance.tif",
        "model.npz",
    } <= refused
    with pytest.raises(BlockingIOError):
        server.accept()


@pytest.mark.parametrize("kind", ["link", "URL"])
@pytest.mark.parametrize("place", ["first", "last", "geometry"])
def test_a_reference_system_by_an_address_is_refused_and_nobody_is_called(
    tmp_path: Path, server: socket.socket, kind: str, place: str
) -> None:
    """GDAL fetches such an address when it opens an ordinary GeoJSON file."""
    key = '"crs"' if place == "first" else '"\\u0043rs"'
    address = f"http://127.0.0.1:{server.getsockname()[1]}/crs"
    system = f'{key} : {{"type": "{kind}", "properties": {{"href": "{address}", "url": "{address}"}}}}'
    line = '{"type": "LineString", "coordinates": [[1, 1], [2, 2]]'
    line += f", {system}}}" if place == "geometry" else "}"
    members = [f'"features": [{{"type": "Feature", "properties": {{"id": "a"}}, "geometry": {line}}}]']
    if place != "geometry":
        members.insert(0 if place == "first" else 1, system)
    path = tmp_path / "fences.geojson"
    path.write_text(f'{{"type": "FeatureCollection", {", ".join(members)}}}', encoding="utf-8")
    for read in (lambda: read_vectors(path, None, GRID), lambda: read_foreign(path)):
        with pytest.raises(DataError, match="says by an address what its coordinate reference system is"):
            read()
    with pytest.raises(BlockingIOError):
        server.accept()


@pytest.mark.parametrize("what", FOREIGN)
@pytest.mark.parametrize("name", DOORS)
@pytest.mark.filterwarnings("ignore")
def test_what_is_of_another_format_is_refused_and_nobody_is_called(
    name: str, what: str, tmp_path: Path, server: socket.socket
) -> None:
    desk = Desk(name, tmp_path)
    desk.reader = replace(desk.reader, read=desk.reader.deep or desk.reader.read, deep=None)
    content = FOREIGN[what].format(f"http://127.0.0.1:{server.getsockname()[1]}").encode()
    for file in desk.reader.names(desk.folder):
        end = desk.read(Input(reader=name, number=1, seed=1, file=file, content=content))
        assert end.how == "refused" and Path(file).name in end.text, f"{file}: {end.text}"
    with pytest.raises(BlockingIOError):
        server.accept()
