"""Small valid inputs of every reader, written into a folder in a moment: what the harness breaks."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray

from rasters.grid import Grid
from scenarios.land.inputs import read_inputs
from scenarios.land.prepared import prepare_species
from scenarios.model.steps import StepStore, solve_step
from scenarios.progress import Reporter
from scenarios.runs.session import run_study
from scenarios.study.load import resolve
from scenarios.synthetic.patrols import simulate_for_study
from tests.support.tiny_study import CELL_M, CRS, NORTH, SOUTH, WEST, at_km, line_km, write_tiny_study, write_vectors

JOB = "[Job]\nhabitat_file = habitat.asc\noutput_file = out/run.out\n"
PAIR = JOB + (
    "data_type = raster\nscenario = pairwise\npoint_file = points.asc\nconnect_using_avg_resistances = True\nwrite_cur_maps = True\n"
    "use_polygons = True\npolygon_file = poly.asc\nuse_mask = True\nmask_file = mask.asc.gz\nuse_included_pairs = True\n"
    "included_pairs_file = pairs.txt\n"
)
JOBS = {
    "pair.ini": PAIR,
    "list.ini": JOB
    + "data_type = raster\nscenario = pairwise\npoint_file = points.txt\nwrite_volt_maps = True\nwrite_max_cur_maps = True\n",
    "advanced.ini": JOB
    + "data_type = raster\nscenario = advanced\nsource_file = source.asc\nground_file = ground.asc\nremove_src_or_gnd = keepall\n"
    + "ground_file_is_resistances = True\nwrite_cur_maps = True\n",
    "focal.ini": JOB
    + "data_type = raster\nscenario = one-to-all\npoint_file = points.asc\nuse_variable_source_strengths = True\n"
    + "variable_source_file = strengths.txt\nwrite_as_tif = True\nwrite_cur_maps = True\n",
    "network.ini": "[Job]\ndata_type = network\nscenario = pairwise\nhabitat_file = network.txt\npoint_file = nodes.txt\n"
    "output_file = out/run.out\nwrite_cur_maps = True\n",
}
LISTS = {
    "points.txt": "1 115 305\n2 205 215\n3 205 305\n",
    "pairs.txt": "mode include\n1 2\n2 3\n",
    "strengths.txt": "1 1\n2 2.5\n3 1\n",
    "network.txt": "0 1 1.0\n1 2 2.0\n2 3 1.0\n3 0 0.5\n",
    "nodes.txt": "0\n2\n",
    "reclass.txt": "1 5\n2 7\n3 missing\n",
}
WINDOW = (
    "[Required arguments]\nresistance_file = habitat.asc\nradius = 4\nproject_name = project\nwrite_as_tif = false\n"
)
WINDOWS = {
    "from_resistance.ini": WINDOW
    + "block_size = 1\nsource_from_resistance = true\nr_cutoff = 15\ncalc_flow_potential = true\ncalc_normalized_current = true\n",
    "from_source.ini": WINDOW + "block_size = 3\nbuffer = 2\nsource_file = mask.asc.gz\nsource_threshold = 0.5\n",
    "conditional.ini": WINDOW
    + "block_size = 3\nsource_from_resistance = true\nconditional = true\nn_conditions = 1\ncondition1_file = poly.asc\n"
    + "condition1_lower = 0\ncondition1_upper = 1\ncomparison1 = within\nreclassify_resistance = true\nreclass_table = reclass.txt\n"
    + "write_reclassified_resistance = true\n",
}
OVERRIDES = [
    "candidates.every_m=3000",
    "fences.active=[border, inner]",
    "grid.cell_m=2000",
    "designs.wires_out.width_m=6",
    "fences.permeability={border: {digger: {worth_km: 12, origin: x}}}",
    "species.walker.weight=0.5",
    "title=Another",
    "openings=[{id: a, fence_line: border, design: wires_out, every_m: 8000}]",
    "layers.dem.unit=m",
    "routes.walker.to=[north_park]",
]
TRAPS = {
    "deployments.csv": "deploymentID,locationID,latitude,longitude,deploymentStart,deploymentEnd,cameraID,deploymentTags\n",
    "observations.csv": "observationID,deploymentID,mediaID,eventID,eventStart,eventEnd,observationLevel,observationType,scientificName,"
    "count,observationTags\n",
    "media.csv": "mediaID,deploymentID,timestamp,filePath,filePublic,fileMediatype\n",
}


def write_study(folder: Path) -> None:
    """The tiny study with most kinds of keys; the same from GeoJSON and gzip; a scenario file, a matrix, overrides."""
    write_tiny_study(folder, _with_more)
    write_vectors(folder / "borders.gpkg", "borders", ["a-b"], [line_km([(0, 21), (40, 22)])])
    settings = yaml.safe_load((folder / "study.yaml").read_text(encoding="utf-8"))
    for name in ("fences", "regions"):
        gpd.read_file(folder / f"{name}.gpkg").to_file(folder / f"{name}.geojson", driver="GeoJSON", RFC7946="NO")
        settings[name] |= {"file": f"{name}.geojson"}
    (folder / "dem.tif.gz").write_bytes(gzip.compress((folder / "dem.tif").read_bytes(), mtime=0))
    settings["layers"]["dem"]["file"] = settings["grid"]["like"] = "dem.tif.gz"
    _yaml(folder / "other.yaml", settings)
    _yaml(folder / "own.yaml", {"scenario": "mine", "title": "Mine", "study": "tiny", "base": "closed", "set": _own()})
    _yaml(folder / "matrix.yaml", _matrix())
    _yaml(
        folder / "use_factors.yaml",
        {"study": "tiny", "note": "made up", "set": {"designs.wires_out.use_factor": {"walker": 0.5}}},
    )
    _pairs(folder, "set", OVERRIDES)
    _pairs(folder, "year", ["2020=closed", "2024=opened", "2025=free"])


def _with_more(settings: dict[str, Any]) -> None:
    settings["mortality"] = {"reach_km": 25, "origin": "made up"}
    settings["context"] = {"borders": "borders.gpkg"}
    settings["uncertainty"] = {"parameters": [{"parameter": "rules.*", "excess": [0.5, 2], "origin": "made up"}]}
    settings["actions"] = {
        "drop": {
            "title": "Open 2 km",
            "kind": "remove_fence",
            "fence": "border_0",
            "from_m": 20000,
            "to_m": 22000,
            "cost": 3,
            "origin": "x",
        }
    }
    rule = {"id": "agreed", "fence_line": "border", "design": "wires_out", "every_m": 8000, "opened": 2022}
    settings["scenarios"]["opened"] = {"title": "Wires out", "set": {"openings": [rule]}}


def _own() -> dict[str, Any]:
    lon, lat = Grid.from_bounds(CRS, (WEST, SOUTH, WEST + 40_000.0, NORTH), CELL_M).lonlat(*at_km(20, 19))
    rules = [
        {"id": "a", "fence_line": "border", "design": "wires_out", "every_m": 9000},
        {
            "id": "b",
            "fence_line": "border",
            "design": "bridge",
            "lon": round(float(lon), 5),
            "lat": round(float(lat), 5),
        },
    ]
    return {"openings": rules, "candidates.every_m": 3000, "fences.active": ["border", "inner"]}


def _matrix() -> dict[str, Any]:
    return {
        "scenario": ["closed", "opened"],
        "species": ["walker"],
        "cell_m": [1000, 2000],
        "draws": {"count": 4, "seed": 1},
        "set": {
            "spacing": {"2km": {"candidates.every_m": 2000}, "5km": {"candidates.every_m": 5000}},
            "candidates.min_spacing_m": [6000, 7000],
        },
        "exclude": [{"scenario": "opened", "spacing": "5km"}],
        "include": [{"scenario": ["closed"], "set": {"variant": {"both": {"fences.active": ["border", "inner"]}}}}],
    }


def write_camera_traps(folder: Path) -> None:
    """A study, and cameras at its fence and places as a package; as plain tables with a mapping and a zone."""
    write_study(folder)
    grid = read_inputs(resolve(str(folder / "study.yaml"))).grid
    spots = [(9, 4), (30, 5), (14, 35), (33, 34), (12, 20.3), (20, 18.5), (24, 18.0), (30, 19)]
    xy = np.array([at_km(*spot) for spot in spots])
    lon, lat = grid.lonlat(xy[:, 0], xy[:, 1])
    rows = [
        f"d{i},s{i},{lat[i]:.5f},{lon[i]:.5f},2024-03-0{1 + i}T08:00:00+05:00,2024-04-1{i}T08:00:00+05:00,c{i},"
        + ("gap:2024-03-12/2024-03-14 | role:control" if i == 2 else "")
        for i in range(len(spots))
    ]
    seen = [
        f"o{n},d{n % 8},,e{n},2024-03-{10 + n:02d}T06:{n:02d}:00+05:00,2024-03-{10 + n:02d}T06:{n + 1:02d}:00+05:00,event,animal,"
        f"Fictus {('walker', 'digger')[n % 2]},{1 + n % 3},{('crossing:through | direction:north', 'crossing:turned_back', '')[n % 3]}"
        for n in range(18)
    ]
    tables = {"deployments.csv": rows, "observations.csv": seen, "media.csv": []}
    for name, lines in tables.items():
        (folder / name).write_text(TRAPS[name] + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    _plain_tables(folder)
    passage = {
        "id": "gate",
        "lon": round(float(lon[4]), 5),
        "lat": round(float(lat[4]), 5),
        "design": "wires_out",
        "opened": "2024-03-20",
    }
    _yaml(folder / "evidence.yaml", {"synthetic": True, "passages": [passage], "passage_m": 3000.0, "fence_m": 3000.0})
    descriptor = {
        "profile": "https://raw.githubusercontent.com/tdwg/camtrap-dp/1.0.2/camtrap-dp-profile.json",
        "name": "small",
        "title": "Small",
        "created": "2024-05-01T00:00:00Z",
        "contributors": [{"title": "us"}],
        "project": {"title": "p"},
        "spatial": {"type": "Point"},
        "temporal": {"start": "2024-03-01"},
        "taxonomic": [{"scientificName": "x"}],
        "resources": [{"name": name[:-4], "path": name} for name in tables],
    }
    (folder / "datapackage.json").write_text(json.dumps(descriptor), encoding="utf-8")


def _plain_tables(folder: Path) -> None:
    """The same tables gzipped, under other names, with local times."""
    (folder / "plain").mkdir()
    for name in ("deployments.csv", "observations.csv"):
        text = (folder / name).read_text(encoding="utf-8").replace("+05:00", "").replace("latitude", "lat")
        (folder / "plain" / f"{name}.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    deployments = {"file": "deployments.csv.gz", "columns": {"latitude": "lat"}, "constants": {"cameraModel": "x"}}
    observations = {
        "file": "observations.csv.gz",
        "values": {"scientificName": {"Fictus walker": "Fictus digger"}},
        "encoding": "utf-8",
    }
    settings = {
        "time_zone": "Asia/Aqtau",
        "time_format": "%Y-%m-%dT%H:%M:%S",
        "tables": {"deployments": deployments, "observations": observations},
        "passage_m": 3000.0,
        "species": {"Fictus mole": "digger"},
        "outside_study": "leave_out",
        "event_minutes": 20.0,
    }
    _yaml(folder / "plain" / "evidence.yaml", settings)


def write_patrols(folder: Path) -> None:
    """A study, and its simulated patrols, a part of them."""
    write_study(folder)
    resolved = resolve(str(folder / "study.yaml"))
    simulate_for_study(prepare_species(resolved, read_inputs(resolved), "walker"), folder, seed=1)
    patrols, incidents = (
        pd.read_csv(folder / f"{name}.csv", dtype=str, keep_default_na=False) for name in ("patrols", "incidents")
    )
    few = patrols["patrol_id"].drop_duplicates()[::12]
    patrols[patrols["patrol_id"].isin(few)].to_csv(folder / "patrols.csv", index=False)
    incidents[incidents["patrol_id"].isin(few)][:40].to_csv(folder / "incidents.csv", index=False)
    settings = {
        "synthetic": True,
        "patrols": {"file": "patrols.csv", "columns": {"team": "team"}},
        "incidents": {"file": "incidents.csv", "values": {"type": {"snare": "trap"}}},
        "date_format": "%Y-%m-%d",
        "poaching_types": ["trap"],
        "longest_step_km": 50,
        "cell_km": 10,
        "bandwidths_km": [10, 20],
        "outside_study": "leave_out",
    }
    _yaml(folder / "crime.yaml", settings)


def write_jobs(folder: Path) -> None:
    """Circuitscape and Omniscape jobs on 12 x 12 cells with every kind of list."""
    random, n = np.random.default_rng(1), 12
    habitat = random.integers(1, 20, (n, n)).astype(float)
    habitat[3, 4] = -9999
    points, source, ground, poly, mask = (np.full((n, n), -9999.0) for _ in range(5))
    points[1, 1], points[10, 10], points[1, 10], points[10, 1] = 1, 2, 3, 3
    source[1, 1], ground[10, 10], poly[5:7, 5:7], mask[:, 1:] = 1, 0, 1, 1
    for name, values in {
        "habitat": habitat,
        "points": points,
        "source": source,
        "ground": ground,
        "poly": poly,
    }.items():
        (folder / f"{name}.asc").write_text(_ascii(values), encoding="utf-8")
    (folder / "mask.asc.gz").write_bytes(gzip.compress(_ascii(mask).encode(), mtime=0))
    for name, text in (JOBS | LISTS | WINDOWS).items():
        (folder / name).write_text(text, encoding="utf-8")


def _ascii(values: NDArray[np.float64]) -> str:
    head = "ncols 12\nnrows 12\nxllcorner 100\nyllcorner 200\ncellsize 10\nNODATA_value -9999\n"
    return head + "".join(" ".join(f"{v:g}" for v in row) + "\n" for row in values)


def write_results(folder: Path) -> None:
    """A run of a study in two scenarios, with its manifest."""
    write_study(folder / "study")
    run_study(str(folder / "study"), ["closed", "opened"], ["walker"], folder / "run", {}, Reporter(quiet=True))
    manifest = json.loads((folder / "run" / "manifest.json").read_text(encoding="utf-8"))
    manifest["command"] = ["otkel", "run", "study", "--out", "run"]
    (folder / "run" / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def write_step(folder: Path) -> None:
    """A study and a kept step of it."""
    write_study(folder)
    resolved = resolve(str(folder / "study.yaml"))
    solve_step(resolved, "walker", StepStore(folder=folder / "steps"), inputs=read_inputs(resolved, ["walker"]))


def write_names(folder: Path) -> None:
    """Names of files and folders that results may be given."""
    _pairs(folder, "out", ["out=results", "out=a b", "out=\u043a\u0443\u043b\u0430\u043d", "out=a/b/c"])


def _pairs(folder: Path, name: str, pairs: list[str]) -> None:
    for number, pair in enumerate(pairs):
        (folder / f"{name}-{number}.value").write_text(pair, encoding="utf-8")


def _yaml(path: Path, settings: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(settings, sort_keys=False, allow_unicode=True), encoding="utf-8")
