"""A made-up run for tests of what a run writes: smooth random country, two fences, three places."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from shapely.geometry import LineString, MultiLineString, Point
from skimage.graph import MCP_Geometric

from connectivity.report import SolveReport
from rasters.fence_cuts import cut_edges
from rasters.fences import CutEdges, Fence
from rasters.grid import Grid
from rasters.surface import Layer, ResistanceSurface
from scenarios.land.places import FocalPlace
from scenarios.model.results import TracedPath, own_numbers
from scenarios.outputs.release import Release

LAEA = "+proj=laea +lat_0=42 +lon_0=56 +datum=WGS84 +units=m +no_defs"

PAIR_COLUMNS = [
    "source",
    "target",
    "status",
    "least_cost_m",
    "least_cost_no_fence_m",
    "effective_resistance_ohm",
    "effective_resistance_no_fence_ohm",
    "fence_crossings",
    "path_km",
]
PROFILE_COLUMNS = ["fence", "start_m", "end_m", "gain_ohm2", "current_a", "status"]
RANKING_COLUMNS = [
    "rank",
    "candidate",
    "fence",
    "fence_line",
    "along_m",
    "x",
    "y",
    "width_m",
    "design",
    "score",
    "gain_ohm2",
    "conductance_gain_s",
    "conductance_gain_share",
    "resistance_gain_ohm",
    "least_cost_gain_m",
    "least_cost_gain_share",
    "pairs_joined",
    "selected",
    "status",
]


def small_grid() -> Grid:
    """60 x 80 cells of 1 km around 56 E 42 N."""
    return Grid.from_bounds(LAEA, (-40_000.0, -30_000.0, 40_000.0, 30_000.0), 1000.0)


def random_elevation(grid: Grid, seed: int = 1) -> NDArray[np.float64]:
    """Smooth hills from about -50 to 900 m."""
    rng = np.random.default_rng(seed)
    rough = sum(gaussian_filter(rng.standard_normal(grid.shape), s, mode="nearest") * s for s in (1.5, 4.0, 9.0))
    rough = (rough - rough.min()) / np.ptp(rough)
    return 950.0 * rough**1.5 - 50.0


def two_fences(grid: Grid) -> tuple[Fence, ...]:
    """A border fence across the grid in two parts, and a second line south of it."""
    west, south, east, north = grid.bounds
    x = np.linspace(west, east, 60)
    y = south + 0.62 * (north - south) + 0.05 * (north - south) * np.sin(x / (east - west) * 9.0)
    border = MultiLineString([np.column_stack([x[:31], y[:31]]), np.column_stack([x[32:], y[32:]])])
    inner = LineString(np.column_stack([x[5:45], y[5:45] - 0.12 * (north - south)]))
    return (
        Fence(id="border", line=border, name="Border fence", fence_line="outer"),
        Fence(id="inner", line=inner, name="Security line", fence_line="inner"),
    )


def three_places(grid: Grid) -> tuple[FocalPlace, ...]:
    """Two cores in the south, one target in the north."""
    west, south, east, north = grid.bounds
    width, height = east - west, north - south
    spots = [
        ("west-core", "Western hills", "from", 0.2, 0.15),
        ("east-core", "Сайгачий & Co", "from", 0.75, 0.2),
        ("target", "Northern reserve", "to", 0.45, 0.88),
    ]
    return tuple(
        FocalPlace(
            id=i,
            name=name,
            role=role,
            geometry_status="schematic",
            geometry=Point(west + u * width, south + v * height).buffer(0.04 * min(width, height)),
        )
        for i, name, role, u, v in spots
    )


def make_run(
    grid: Grid | None = None,
    *,
    elevation: NDArray[np.float64] | None = None,
    water: NDArray[np.bool_] | None = None,
    fences: tuple[Fence, ...] | None = None,
    places: tuple[FocalPlace, ...] | None = None,
    scenario: str = "baseline",
    species: str = "leopard",
    titles: dict[str, str] | None = None,
    sealed: bool = False,
    candidates: int = 24,
    stretch_m: float = 2000.0,
) -> Release:
    """A run with plausible numbers that were not solved for; ``sealed`` is one in which nobody arrives."""
    grid = grid or small_grid()
    elevation = random_elevation(grid) if elevation is None else elevation
    water = elevation < -20.0 if water is None else water
    places = three_places(grid) if places is None else places
    cuts = cut_edges(two_fences(grid) if fences is None else fences, grid)
    surface, elevation_layer = _surface(grid, elevation, water)
    targets = [place for place in places if place.role == "to"]
    cores = [place for place in places if place.role == "from"]
    search = {place.id: _costs(surface, place, cuts) for place in places}
    cwd = np.min([search[place.id][0] for place in targets], axis=0)
    corridor = np.min([_extra(search[c.id][0] + cwd) for c in cores], axis=0)
    current = np.exp(-corridor / np.nanmedian(corridor[np.isfinite(corridor)]) * 3.0) / grid.cell_width_m
    if sealed:
        south_of = np.arange(grid.height)[:, None] > 0.35 * grid.height
        cwd, corridor, current = np.where(south_of, np.inf, cwd), np.full(grid.shape, np.inf), np.zeros(grid.shape)
    cwd, corridor, current = (np.where(surface.nodata, np.nan, a) for a in (cwd, corridor, current))
    profile = _profile(cuts, current, stretch_m, sealed)
    return Release(
        study="made-up",
        scenario=scenario,
        species=species,
        titles=titles or {"study": "A made-up steppe", "scenario": "Fences as built", "species": "Persian leopard"},
        grid=grid,
        surface=surface,
        cuts=cuts,
        places=places,
        cwd=cwd,
        corridor=corridor,
        current_density=current,
        pairs=_pairs(cores, targets, search, sealed),
        paths=tuple(_path(grid, core, targets, search, cuts, sealed) for core in cores),
        profile=profile,
        ranking=_ranking(cuts, profile, candidates),
        assumptions=(
            "Resistances are expert placeholder values, not fitted to tracks.",
            "Fence lines and reserve outlines are schematic: nobody surveyed them.",
        ),
        layers={"elevation": elevation_layer},
        reports=(SolveReport(method="multigrid-cg", n_unknowns=int(surface.passable.sum()), iterations=(11, 12)),),
        seconds={"resistance": 0.1, "cost_distance": 0.4, "circuit": 1.2},
        openings_stand=False,
    )


def _surface(grid: Grid, elevation: NDArray[np.float64], water: NDArray[np.bool_]) -> tuple[ResistanceSurface, Layer]:
    unknown = np.zeros(grid.shape, dtype=bool)
    unknown[: grid.height // 12, : grid.width // 10] = True
    rows, cols = np.gradient(elevation, grid.cell_height_m)
    slope = np.clip(100.0 * np.hypot(rows, cols), 0.0, 60.0)
    values = np.where(unknown | water, 1.0, 1.0 + 60.0 * np.exp(-slope / 4.0))
    layer = Layer(name="elevation", values=elevation, nodata=unknown, grid=grid, unit="m")
    return ResistanceSurface(values=values, nodata=unknown, barrier=water & ~unknown, grid=grid, name="leopard"), layer


def _costs(surface: ResistanceSurface, place: FocalPlace, cuts: CutEdges) -> tuple[NDArray[np.float64], MCP_Geometric]:
    costs = np.where(surface.passable, surface.values, -1.0)
    costs[cuts.row, cuts.col] *= 12.0
    search = MCP_Geometric(costs, fully_connected=True)
    row, col = surface.grid.cell_at(x=place.geometry.centroid.x, y=place.geometry.centroid.y)
    found, _ = search.find_costs([(row, col)])
    return found * surface.grid.cell_width_m, search


def _extra(total: NDArray[np.float64]) -> NDArray[np.float64]:
    return total - np.nanmin(total)


def _pairs(cores: list[FocalPlace], targets: list[FocalPlace], search: dict, sealed: bool) -> pd.DataFrame:
    rows = []
    for number, core in enumerate(cores):
        for target in [*(t.id for t in targets), "any"]:
            lost = sealed or (number == len(cores) - 1 and target != "any" and len(targets) > 1)
            rows.append(
                (
                    core.id,
                    target,
                    "unreachable" if lost else "ok",
                    np.inf if lost else 812_345.678 * (number + 1),
                    640_000.5,
                    np.inf if lost else 6.25,
                    4.5,
                    0 if lost else 2,
                    np.nan if lost else 71.25,
                )
            )
    return pd.DataFrame(rows, columns=PAIR_COLUMNS)


def _path(
    grid: Grid, core: FocalPlace, targets: list[FocalPlace], search: dict, cuts: CutEdges, sealed: bool
) -> TracedPath:
    row, col = grid.cell_at(x=core.geometry.centroid.x, y=core.geometry.centroid.y)
    best = min(targets, key=lambda target: search[target.id][0][row, col])
    cost = float(search[best.id][0][row, col])
    if sealed or not np.isfinite(cost):
        return TracedPath(
            source=core.id,
            target=best.id,
            status="unreachable",
            cost_m=np.inf,
            length_m=np.nan,
            fence_crossings=0,
            x=np.empty(0),
            y=np.empty(0),
        )
    cells = np.array(search[best.id][1].traceback((row, col)))[::-1]
    x, y = grid.xy(cells[:, 0], cells[:, 1])
    return TracedPath(
        source=core.id,
        target=best.id,
        status="reached",
        cost_m=cost,
        fence_crossings=1,
        x=x,
        y=y,
        length_m=float(np.hypot(np.diff(x), np.diff(y)).sum()),
    )


def _profile(cuts: CutEdges, current: NDArray[np.float64], stretch_m: float, sealed: bool) -> pd.DataFrame:
    rows = []
    for fence in cuts.fences:
        before = 0.0
        for part in fence.parts:
            edges = np.append(np.arange(0.0, part.length, stretch_m), part.length)
            for start, end in pairwise(edges):
                spot = part.interpolate((start + end) / 2)
                row, col = (int(v) for v in cuts.grid.cells_at(spot.x, spot.y))
                flow = 0.0 if not cuts.grid.holds(row, col) or np.isnan(current[row, col]) else current[row, col]
                rows.append(
                    (
                        fence.id,
                        before + start,
                        before + end,
                        1e6 * flow**2 * (end - start) / 1000.0,
                        0.0 if sealed else flow * (end - start),
                        "sealed" if sealed else "ok",
                    )
                )
            before += part.length
    return pd.DataFrame(rows, columns=PROFILE_COLUMNS)


def _ranking(cuts: CutEdges, profile: pd.DataFrame, candidates: int) -> pd.DataFrame:
    if profile.empty or candidates == 0:
        return own_numbers(pd.DataFrame({column: [] for column in RANKING_COLUMNS}))
    per_km = profile["gain_ohm2"] / (profile["end_m"] - profile["start_m"])
    spread = profile.assign(per_km=per_km).iloc[:: max(1, len(profile) // candidates)]
    best = spread.sort_values("per_km", ascending=False, kind="stable").head(candidates).reset_index(drop=True)
    by_id = {fence.id: fence for fence in cuts.fences}
    rows = []
    for rank, (fence, start, end, gain) in enumerate(
        best[["fence", "start_m", "end_m", "gain_ohm2"]].itertuples(index=False), 1
    ):
        along = (start + end) / 2
        spot = by_id[fence].point_at(along)
        rows.append(
            (
                rank,
                f"{fence}-{along / 1000:04.0f}km",
                fence,
                by_id[fence].fence_line,
                along,
                spot.x,
                spot.y,
                30.0,
                "standard",
                1.0 / rank,
                gain,
                0.02 / rank,
                0.3 / rank,
                0.4 / rank,
                25_000.0 / rank,
                0.2 / rank,
                1 if rank < 3 else 0,
                rank <= 4,
                "ok",
            )
        )
    return own_numbers(pd.DataFrame(rows, columns=RANKING_COLUMNS))
