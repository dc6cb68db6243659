"""Circuitscape jobs from file to file, on landscapes small enough to check by hand; and what is said when they are wrong."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from typer.testing import CliRunner

from cli import app
from connectivity.circuit.solvers import RESISTANCE_METHODS
from rasters.errors import ConfigError, DataError, FocalNodeError, GridMismatchError, LayerNotFoundError, PlannerError
from scenarios.other_programs.circuitscape.ini import read_job
from scenarios.other_programs.circuitscape.job import run_job
from scenarios.other_programs.circuitscape.rasters import read_grid_file, read_pairs

HEAD = "ncols {}\nnrows {}\nxllcorner 100\nyllcorner 200\ncellsize 10\nNODATA_value -9999\n"


def grid(path: Path, rows: list[list[float]], head: str = HEAD) -> Path:
    body = "\n".join(" ".join(str(v) for v in row) for row in rows)
    path.write_text(head.format(len(rows[0]), len(rows)) + body + "\n")
    return path


class Job:
    """A job in a folder, of one row of cells unless told otherwise."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.keys = {
            "data_type": "raster",
            "scenario": "pairwise",
            "habitat_file": "habitat.asc",
            "point_file": "points.txt",
            "output_file": "run.out",
            "connect_using_avg_resistances": "True",
        }
        grid(folder / "habitat.asc", [[1, 3, 5, 1, -9999]])
        (folder / "points.txt").write_text("1 105 205\n2 135 205\n")

    def ini(self, **keys: object) -> Path:
        path = self.folder / "job.ini"
        path.write_text("[Section]\n" + "".join(f"{k} = {v}\n" for k, v in {**self.keys, **keys}.items()))
        return path

    def run(self, **keys: object) -> Path:
        self.summary = run_job(self.ini(**keys), self.folder / "out")
        return self.folder / "out"

    def refused(self, error: type[PlannerError], match: str, **keys: object) -> None:
        with pytest.raises(error, match=match):
            self.run(**keys)
        assert not (self.folder / "out").exists(), "nothing is left behind"


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    monkeypatch.chdir(tmp_path)
    return Job(tmp_path)


def written(path: Path) -> np.ndarray:
    return np.atleast_2d(np.loadtxt(path, skiprows=6 if path.suffix == ".asc" else 0))


class TestPairwiseFiles:
    def test_resistances(self, job):
        out = job.run()
        assert sorted(path.name for path in out.iterdir()) == ["run_resistances.out", "run_resistances_3columns.out"]
        assert (out / "run_resistances.out").read_text() == "0 1 2\n1 0 9\n2 9 0\n"
        assert (out / "run_resistances_3columns.out").read_text() == "1 2 9\n"
        assert job.summary.rows["solved"] == 1 and job.summary.rows["unreached"] == 0

    def test_maps(self, job):
        out = job.run(write_cur_maps=True, write_volt_maps=True, write_max_cur_maps=True)
        np.testing.assert_allclose(written(out / "run_voltmap_1_2.asc"), [[0, 2, 6, 9, 0]], atol=1e-9)
        for name in ("curmap_1_2", "cum_curmap", "max_curmap"):
            np.testing.assert_allclose(written(out / f"run_{name}.asc"), [[1, 1, 1, 1, 0]])
        head = (out / "run_cum_curmap.asc").read_text().splitlines()[:6]
        assert head == [
            "ncols         5",
            "nrows         1",
            "xllcorner     100.0",
            "yllcorner     200.0",
            "cellsize      10.0",
            "NODATA_value  -9999",
        ]

    @pytest.mark.parametrize(
        ("switches", "maps"),
        [
            ({"write_cur_maps": "True"}, {"curmap_1_2", "cum_curmap"}),
            ({"write_cum_cur_map_only": "True"}, {"cum_curmap"}),
            ({"write_cur_maps": "True", "write_cum_cur_map_only": "True"}, {"cum_curmap"}),
            ({"write_cum_cur_map_only": "True", "write_max_cur_maps": "True"}, {"cum_curmap", "max_curmap"}),
            ({"write_max_cur_maps": "True"}, set()),
            ({"write_volt_maps": "True"}, {"voltmap_1_2"}),
        ],
    )
    def test_switches(self, job, switches, maps):
        out = job.run(**switches)
        assert {path.stem.removeprefix("run_") for path in out.glob("*.asc")} == maps

    def test_geotiff_outputs(self, job):
        with rasterio.open(
            job.folder / "map.tif",
            "w",
            driver="GTiff",
            height=1,
            width=2,
            count=1,
            dtype="float32",
            nodata=-1,
            crs="EPSG:6933",
            transform=Affine(10, 0, 100, 0, -10, 210),
        ) as file:
            file.write(np.ones((1, 1, 2)))
        (job.folder / "points.txt").write_text("1 105 205\n2 115 205\n")
        out = job.run(habitat_file="map.tif", write_volt_maps=True, write_as_tif="true")
        with rasterio.open(out / "run_voltmap_1_2.tif") as file:
            assert (
                file.crs.to_epsg() == 6933
                and file.transform == Affine(10, 0, 100, 0, -10, 210)
                and file.nodata == -9999
            )
            np.testing.assert_allclose(file.read(1), [[0, 1]], atol=1e-12)
        assert not list(out.glob("*.asc"))

    def test_null_and_log(self, job):
        (job.folder / "points.txt").write_text("1 105 205\n2 125 205\n")
        options = {"set_null_currents_to_nodata": True, "set_null_voltages_to_nodata": True, "log_transform_maps": True}
        out = job.run(write_cur_maps=True, write_volt_maps=True, **options)
        np.testing.assert_allclose(written(out / "run_curmap_1_2.asc"), [[0, 0, 0, -9999, -9999]], atol=1e-9)
        np.testing.assert_allclose(written(out / "run_cum_curmap.asc"), [[0, 0, 0, -9999, -9999]], atol=1e-9)
        np.testing.assert_allclose(written(out / "run_voltmap_1_2.asc"), [[0, 2, 6, 6, -9999]], atol=1e-9)

    def test_cumulative_map_is_the_log_of_the_sum(self, job):
        (job.folder / "points.txt").write_text("1 105 205\n2 125 205\n3 135 205\n")
        out = job.run(write_cur_maps=True, log_transform_maps=True)
        np.testing.assert_allclose(10 ** written(out / "run_cum_curmap.asc")[:, :4], [[2, 2, 3, 2]], rtol=1e-8)

    def test_focal_currents_zero(self, job):
        out = job.run(write_cur_maps=True, set_focal_node_currents_to_zero=True)
        np.testing.assert_allclose(written(out / "run_cum_curmap.asc"), [[0, 1, 1, 0, 0]], atol=1e-9)

    def test_unreached_pairs_are_minus_one(self, job):
        (job.folder / "points.txt").write_text("1 105 205\n2 135 205\n7 145 205\n")
        out = job.run(write_cur_maps=True)
        np.testing.assert_allclose(written(out / "run_resistances_3columns.out"), [[1, 2, 9], [1, 7, -1], [2, 7, -1]])
        assert not (out / "run_curmap_1_7.asc").exists() and job.summary.rows["unreached"] == 2

    def test_pairs(self, job):
        (job.folder / "points.txt").write_text("1 105 205\n2 115 205\n3 125 205\n4 135 205\n")
        (job.folder / "pairs.txt").write_text("mode include\n1 2\n1 3\n0 4\n")
        keys = {"use_included_pairs": True, "included_pairs_file": "pairs.txt"}
        expected = [[1, 2, 2], [1, 3, 6], [1, 4, -1], [2, 3, -1], [2, 4, -1], [3, 4, -1]]
        np.testing.assert_allclose(written(job.run(**keys) / "run_resistances_3columns.out"), expected)
        (job.folder / "pairs.txt").write_text("mode exclude\n1 2\n")
        found = written(job.run(**keys) / "run_resistances_3columns.out")
        np.testing.assert_allclose(found[:, 2], [-1, 6, 9, 4, 7, 3])
        (job.folder / "pairs.txt").write_text("min 2\nmax 5\n0 1 2 3\n1 0 9 2\n2 9 0 0\n3 1 5 0\n")
        found = written(job.run(**keys) / "run_resistances_3columns.out")
        np.testing.assert_allclose(found, [[1, 2, -1], [1, 3, 6], [2, 3, 4]])

    def test_mask_and_polygons(self, job):
        grid(job.folder / "mask.asc", [[1, 1, 1, 0, 1]])
        grid(job.folder / "polys.asc", [[4, -9999, 4, 0, 0]])
        (job.folder / "points.txt").write_text("1 105 205\n2 115 205\n3 135 205\n")
        out = job.run(use_mask=True, mask_file="mask.asc", use_polygons=True, polygon_file="polys.asc")
        np.testing.assert_allclose(written(out / "run_resistances_3columns.out")[:, 2], [1 / (1 / 2 + 1 / 4), -1, -1])

    def test_conductances_and_average_conductance(self, job):
        out = job.run(habitat_map_is_resistances=False, connect_using_avg_resistances=False)
        np.testing.assert_allclose(written(out / "run_resistances_3columns.out")[0, 2], 1 / 2 + 1 / 4 + 1 / 3)


class TestOtherModes:
    def test_one_to_all(self, job):
        grid(job.folder / "habitat.asc", [[1, 1, 1]])
        (job.folder / "points.txt").write_text("2 115 205\n1 105 205\n3 125 205\n")
        out = job.run(scenario="one_to_all", write_cur_maps=True, write_volt_maps=True)
        np.testing.assert_allclose(written(out / "run_resistances.out"), [[1, 1], [2, 0.5], [3, 1]])
        np.testing.assert_allclose(written(out / "run_curmap_2.asc"), [[0.5, 1, 0.5]])
        np.testing.assert_allclose(written(out / "run_cum_curmap.asc"), [[1.5, 3, 1.5]])

    def test_strengths(self, job):
        grid(job.folder / "habitat.asc", [[1, 1, 1]])
        (job.folder / "points.txt").write_text("1 105 205\n2 115 205\n3 125 205\n")
        (job.folder / "amps.txt").write_text("3\t0.5\n1\t4\t\n")
        keys = {"use_variable_source_strengths": True, "variable_source_file": "amps.txt", "write_cur_maps": True}
        out = job.run(scenario="all-to-one", **keys)
        np.testing.assert_allclose(written(out / "run_curmap_1.asc"), [[1.5, 1.5, 0.5]])
        np.testing.assert_allclose(written(out / "run_resistances.out"), [[1, 0], [2, 0], [3, 0]])

    def test_advanced(self, job):
        grid(job.folder / "source.asc", [[2, -9999, -9999, -9999, 5]])
        grid(job.folder / "ground.asc", [[9, 9, 9, 4, 9]], HEAD.replace("-9999", "9"))
        keys = {
            "scenario": "advanced",
            "source_file": "source.asc",
            "ground_file": "ground.asc",
            "write_cur_maps": True,
        }
        out = job.run(**keys, write_volt_maps=True)
        np.testing.assert_allclose(written(out / "run_voltmap.asc"), [[26, 22, 14, 8, 0]])
        np.testing.assert_allclose(written(out / "run_curmap.asc"), [[2, 2, 2, 2, 0]])
        out = job.run(**keys, write_volt_maps=True, use_unit_currents=True, use_direct_grounds=True)
        np.testing.assert_allclose(written(out / "run_voltmap.asc"), [[9, 7, 3, 0, 0]], atol=1e-12)
        out = job.run(**keys, write_volt_maps=True, ground_file_is_resistances=False)
        np.testing.assert_allclose(written(out / "run_voltmap.asc"), [[18.5, 14.5, 6.5, 0.5, 0]])

    def test_a_ground_without_resistance_is_direct(self, job):
        (job.folder / "source.txt").write_text("1 105 205\n")
        (job.folder / "ground.txt").write_text("0 135 205\n")
        keys = {"scenario": "advanced", "source_file": "source.txt", "ground_file": "ground.txt"}
        out = job.run(**keys, write_volt_maps=True)
        np.testing.assert_allclose(written(out / "run_voltmap.asc"), [[9, 7, 3, 0, 0]], atol=1e-12)

    def test_nothing_to_solve_is_said(self, job):
        (job.folder / "source.txt").write_text("1 105 205\n")
        (job.folder / "ground.txt").write_text("1 145 205\n")
        out = job.run(scenario="advanced", source_file="source.txt", ground_file="ground.txt", write_cur_maps=True)
        assert not written(out / "run_curmap.asc").any()
        assert "no component has both" in " ".join(job.summary.notes)


class TestNetworks:
    """A square 1-2-3-4 with a resistor of 1 ohm on each side, and a pair 5-6 apart."""

    @pytest.fixture
    def network(self, job):
        (job.folder / "graph.txt").write_text("1\t2\t1\n2\t3\t1\n3\t4\t2\n4\t3\t2\n4\t1\t1\n5\t6\t3\n")
        (job.folder / "focal.txt").write_text("1\n3\n5\n")
        job.keys = {
            "data_type": "network",
            "scenario": "pairwise",
            "habitat_file": "graph.txt",
            "point_file": "focal.txt",
            "output_file": "net.out",
        }
        return job

    def test_pairwise(self, network):
        out = network.run(write_cur_maps=True, write_volt_maps=True)
        np.testing.assert_allclose(written(out / "net_resistances_3columns.out"), [[1, 3, 1], [1, 5, -1], [3, 5, -1]])
        np.testing.assert_allclose(
            written(out / "net_voltages_1_3.txt"), [[1, 0], [2, 0.5], [3, 1], [4, 0.5]], atol=1e-12
        )
        np.testing.assert_allclose(written(out / "net_node_currents_1_3.txt"), [[1, 1], [2, 0.5], [3, 1], [4, 0.5]])
        branches = written(out / "net_branch_currents_1_3.txt")
        np.testing.assert_allclose(branches, [[1, 2, 0.5], [1, 4, 0.5], [2, 3, 0.5], [3, 4, 0.5]])
        np.testing.assert_allclose(written(out / "net_branch_currents_cum.txt"), branches)
        assert written(out / "net_node_currents_cum.txt").shape == (6, 2)

    def test_nodes_from_zero_are_written_from_one(self, network):
        (network.folder / "graph.txt").write_text("0 1 1\n1 2 1\n")
        (network.folder / "focal.txt").write_text("0\n2\n")
        out = network.run(write_volt_maps=True)
        np.testing.assert_allclose(written(out / "net_voltages_1_3.txt"), [[1, 0], [2, 1], [3, 2]], atol=1e-12)
        assert (out / "net_resistances.out").read_text() == "0 1 3\n1 0 2\n3 2 0\n"

    def test_advanced(self, network):
        (network.folder / "source.txt").write_text("1 2\n5 1\n")
        (network.folder / "ground.txt").write_text("3 0.5\n")
        keys = {"scenario": "advanced", "source_file": "source.txt", "ground_file": "ground.txt"}
        out = network.run(**keys, write_cur_maps=True, write_volt_maps=True)
        np.testing.assert_allclose(written(out / "net_voltages.txt")[:, 1], [3, 2, 1, 2, 0, 0])
        np.testing.assert_allclose(written(out / "net_node_currents.txt")[:, 1], [2, 1, 2, 1, 0, 0])
        assert written(out / "net_branch_currents.txt").shape == (4, 3)
        out = network.run(**keys, write_volt_maps=True, ground_file_is_resistances=False, use_unit_currents=True)
        np.testing.assert_allclose(written(out / "net_voltages.txt")[:, 1], [3, 2.5, 2, 2.5, 0, 0])

    def test_pairs(self, network):
        (network.folder / "pairs.txt").write_text("mode include\n3 1\n")
        out = network.run(use_included_pairs=True, included_pairs_file="pairs.txt")
        assert (out / "net_resistances.out").read_text() == "0 1 3\n1 0 1\n3 1 0\n"

    def test_faults(self, network):
        network.refused(ConfigError, "networks have pairwise and advanced only", scenario="one-to-all")
        (network.folder / "focal.txt").write_text("1\n9\n")
        network.refused(FocalNodeError, "not in the network")
        (network.folder / "graph.txt").write_text("1 2 0\n")
        network.refused(DataError, "resistance 0 between 1 and 2")
        (network.folder / "graph.txt").write_text("1 2.5 1\n")
        network.refused(DataError, "2.5 is not a node")


class TestInputs:
    def test_geotiff_and_gzip_are_told_by_content(self, job, tmp_path):
        profile = {"driver": "GTiff", "height": 1, "width": 5, "count": 1, "dtype": "float64", "nodata": -1}
        with rasterio.open(tmp_path / "map.dat", "w", **profile, transform=Affine(10, 0, 100, 0, -10, 210)) as file:
            file.write(np.array([[[1.0, 3, 5, 1, -1]]]))
        assert written(job.run(habitat_file="map.dat") / "run_resistances_3columns.out")[0, 2] == 9
        with gzip.open(tmp_path / "map.asc.gz", "wb") as packed:
            packed.write((tmp_path / "habitat.asc").read_bytes())
        assert written(job.run(habitat_file="map.asc.gz") / "run_resistances_3columns.out")[0, 2] == 9
        with gzip.open(tmp_path / "packed", "wb") as packed:
            packed.write((tmp_path / "map.dat").read_bytes())
        found = read_grid_file(tmp_path / "packed")
        assert found.header.yllcorner == 200 and np.isnan(found.values[0, 4])

    def test_values_keep_their_digits(self, tmp_path):
        path = grid(tmp_path / "a.asc", [[1.23456789012345, 1]])
        assert read_grid_file(path).values[0, 0] == 1.23456789012345

    def test_points_on_edges_belong_to_the_cell_left_and_above(self, job):
        (job.folder / "points.txt").write_text("1 110 205\n2 140 200\n")
        assert written(job.run() / "run_resistances_3columns.out")[0, 2] == 9

    def test_other_cells_are_noted(self, job):
        grid(job.folder / "polys.asc", [[1, 1, 0, 0, 0]], HEAD.replace("100", "90"))
        job.run(use_polygons=True, polygon_file="polys.asc")
        assert "matched by row and column" in " ".join(job.summary.notes)

    def test_pair_files(self, tmp_path):
        (tmp_path / "a").write_text("mode\texclude\n1\t2\n")
        rule = read_pairs(tmp_path / "a")
        assert not rule.allows(2, 1) and rule.allows(1, 3) and rule.keeps(3)
        for text, match in [
            ("mode maybe\n1 2\n", "mode include"),
            ("1 2\n", "starts with"),
            ("min 1\n0 1\n1 0\n", "line 2 must be 'max'"),
            ("min 1\nmax 2\n0 1\n1 0 3\n", "square"),
            ("min 1\nmax 2\n0 1 2\n1 0 3\n3 1 1\n", "differ"),
        ]:
            (tmp_path / "a").write_text(text)
            with pytest.raises(DataError, match=match):
                read_pairs(tmp_path / "a")


class TestFaults:
    def test_missing_files(self, job):
        job.refused(LayerNotFoundError, "habitat_file = gone.asc: there is no file", habitat_file="gone.asc")
        job.refused(LayerNotFoundError, "point_file = gone.txt", point_file="gone.txt")
        with pytest.raises(LayerNotFoundError, match="no such file"):
            run_job(job.folder / "gone.ini")

    def test_zero_resistance(self, job):
        grid(job.folder / "habitat.asc", [[1, 3, 0, 1, 1]])
        job.refused(DataError, "1 cells have resistance 0, first at row 0, col 2")

    def test_mismatched_grids(self, job):
        grid(job.folder / "polys.asc", [[1, 1, 0, 0]])
        job.refused(GridMismatchError, "1 rows x 4 columns", use_polygons=True, polygon_file="polys.asc")

    def test_points(self, job):
        (job.folder / "points.txt").write_text("1 105 205\n2 155 205\n")
        job.refused(FocalNodeError, "1 points are outside the habitat map, first 2 at x=155, y=205")
        (job.folder / "points.txt").write_text("1 105 205\n1 115 205\n")
        job.refused(FocalNodeError, "two or more focal nodes are needed, there are 1")
        (job.folder / "points.txt").write_text("1.5 105 205\n2 115 205\n")
        job.refused(DataError, "1.5 is not a whole number")
        (job.folder / "points.txt").write_text("1 105\n")
        job.refused(DataError, "line 1: '1 105' has 2 columns; write value x y")
        (job.folder / "points.txt").write_text("id x y\n")
        job.refused(DataError, "are not numbers")
        (job.folder / "points.txt").write_text("\n")
        job.refused(DataError, "empty")

    def test_everything_masked(self, job):
        grid(job.folder / "mask.asc", [[0, 0, 0, 0, 1]])
        job.refused(DataError, "no cell conducts", use_mask=True, mask_file="mask.asc")

    def test_broken_grids(self, job):
        (job.folder / "habitat.asc").write_text("ncols five\n1 2 3\n")
        job.refused(DataError, "habitat.asc")
        (job.folder / "habitat.asc").write_text("hello\n")
        job.refused(DataError, "not a grid")
        grid(job.folder / "habitat.asc", [[1, 2, 3, 4, 5]], HEAD.replace("cellsize 10", "dx 10\ndy 12"))
        job.refused(DataError, "not square")

    def test_negative_grounds(self, job):
        (job.folder / "ground.txt").write_text("-1 105 205\n")
        (job.folder / "source.txt").write_text("1 105 205\n")
        job.refused(DataError, "negative", scenario="advanced", source_file="source.txt", ground_file="ground.txt")

    def test_method(self, job):
        with pytest.raises(ConfigError, match="choose auto, sparse-direct"):
            run_job(job.ini(), None, "cholesky")
        help_text = CliRunner().invoke(app, ["circuitscape", "--help"], terminal_width=400).stdout
        assert all(name in help_text for name in RESISTANCE_METHODS)


class TestSettings:
    def test_defaults(self, job):
        settings = read_job(job.ini())
        assert settings.habitat_map_is_resistances and settings.ground_file_is_resistances
        assert not settings.write_cur_maps and settings.remove_src_or_gnd == "keepall" and settings.prefix == "run"

    @pytest.mark.parametrize("text", ["True", "true", "TRUE", "1", " yes "])
    def test_true(self, job, text):
        assert read_job(job.ini(write_cur_maps=text)).write_cur_maps

    @pytest.mark.parametrize("text", ["False", "FALSE", "0", "None", "", "(Browse for a file)", "not entered"])
    def test_false(self, job, text):
        assert not read_job(job.ini(write_cur_maps=text)).write_cur_maps

    def test_every_fault_at_once(self, job):
        with pytest.raises(ConfigError) as caught:
            read_job(
                job.ini(scenario="pairs", write_cur_maps="ture", solver="magic", precision="half", point_file="None")
            )
        said = str(caught.value)
        for part in (
            "job.ini: line 3: scenario = pairs: choose one of pairwise, advanced, one-to-all, all-to-one",
            "write_cur_maps = ture: write True or False",
            "solver = magic: choose one of cg+amg, cholmod",
            "precision = half: choose one of double, single",
            "point_file is not given, but needed here",
        ):
            assert part in said

    def test_policy(self, job):
        assert read_job(job.ini(remove_src_or_gnd="not entered")).remove_src_or_gnd == "keepall"
        assert "choose one of keepall" in " ".join(read_job(job.ini(remove_src_or_gnd="rmvsource")).notes)
        with pytest.raises(ConfigError, match="remove_src_or_gnd = rmvsource: choose one of keepall, rmvsrc"):
            read_job(job.ini(scenario="advanced", source_file="a", ground_file="b", remove_src_or_gnd="rmvsource"))

    def test_unknown_keys_are_reported(self, job):
        notes = " ".join(read_job(job.ini(wirte_cur_maps="True", banana="1")).notes)
        assert "unknown key wirte_cur_maps is ignored, as in Circuitscape; did you mean write_cur_maps?" in notes
        assert "banana" in notes

    def test_lines(self, job):
        path = job.ini()
        path.write_bytes(
            b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n") + b"# note\r\n; note\r\nscenario: advanced\r\n"
        )
        with pytest.raises(ConfigError, match="source_file is not given"):
            read_job(path)
        path.write_text("nonsense\n")
        with pytest.raises(ConfigError, match="line 1: 'nonsense' is not of the form key = value"):
            read_job(path)

    def test_later_values_count(self, job):
        path = job.ini()
        path.write_text(path.read_text() + "output_file = other.v2.out.bak\n")
        settings = read_job(path)
        assert settings.prefix == "other.v2" and "given again" in settings.notes[0]

    def test_switches_without_effect_are_noted(self, job):
        notes = " ".join(read_job(job.ini(use_variable_source_strengths=True, write_max_cur_maps=True)).notes)
        assert "use_variable_source_strengths = True has no effect in pairwise mode" in notes
        assert "write_max_cur_maps = True has no effect" in notes

    def test_reclassification_is_refused(self, job):
        with pytest.raises(ConfigError, match="reclassify the habitat map first"):
            read_job(job.ini(use_reclass_table=True))

    def test_backslashes(self, job):
        (job.folder / "in").mkdir()
        (job.folder / "habitat.asc").rename(job.folder / "in" / "habitat.asc")
        assert (job.run(habitat_file="in\\habitat.asc") / "run_resistances.out").exists()


class TestCommand:
    def test_runs(self, job):
        result = CliRunner().invoke(app, ["circuitscape", str(job.ini()), "--out", str(job.folder / "cli"), "--json"])
        assert result.exit_code == 0, result.output
        said = json.loads(result.stdout)
        assert said["files"] == ["run_resistances.out", "run_resistances_3columns.out"] and said["solved"] == 1
        assert (job.folder / "cli" / "run_resistances.out").exists()

    def test_default_folder_is_that_of_the_job(self, job):
        result = CliRunner().invoke(app, ["circuitscape", str(job.ini(output_file="results/a.out"))])
        assert result.exit_code == 0 and (job.folder / "results" / "a_resistances.out").exists()

    def test_faults_have_their_exit_codes(self, job):
        assert CliRunner().invoke(app, ["circuitscape", str(job.ini(scenario="x"))]).exit_code == 3
        assert CliRunner().invoke(app, ["circuitscape", str(job.ini(habitat_file="x"))]).exit_code == 4

    def test_a_folder_that_cannot_be_made(self, job):
        (job.folder / "file").write_text("")
        assert CliRunner().invoke(app, ["circuitscape", str(job.ini()), "-o", str(job.folder / "file")]).exit_code == 8


def test_a_habitat_map_of_several_bands_is_refused(job: Job) -> None:
    profile = {"driver": "GTiff", "height": 1, "width": 5, "count": 2, "dtype": "float32"}
    with rasterio.open(job.folder / "two.tif", "w", **profile, transform=Affine(10, 0, 100, 0, -10, 210)) as file:
        file.write(np.ones((2, 1, 5), np.float32))
    job.refused(DataError, r"two\.tif: has 2 bands: 1, 2; extract the one that is meant", habitat_file="two.tif")
