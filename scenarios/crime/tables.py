"""Patrols and incidents from CSV files -> `CrimeData`: every fault with table, row, column, value and what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rasters.errors import DataError, LayerNotFoundError
from rasters.grid import Grid
from scenarios.crime.settings import COLUMNS, CrimeSettings, TableColumns, read_settings
from scenarios.field_data.faults import Fault, Faults
from scenarios.field_data.tables import ROW, read_table

__all__ = ["SETTINGS", "CrimeData", "read_crime", "track_km"]

SETTINGS = "crime.yaml"
REQUIRED = {"patrols": ("patrol_id", "date", "lon", "lat"), "incidents": ("incident_id", "date", "type", "lon", "lat")}
CAUSES = ("", "illegal", "natural", "unknown")
MOST_KM, LONG_KM = 10_000.0, 500.0
"""Kilometres that no row of a patrol has, and that few have."""
ZONE = re.compile(r"\d{2}:\d{2}.*(?:Z|[+-]\d{2}:?\d{2})$")
LONGEST_PAUSE = pd.Timedelta(days=7)
"""Between two points of one patrol; further apart they are two patrols under one id."""
EARLIEST = pd.Timestamp("1990-01-01")


@dataclass(frozen=True, slots=True, kw_only=True)
class CrimeData:
    """Patrols and incidents, read and checked.

    Parameters
    ----------
    folder : Path
    settings : CrimeSettings
    steps : DataFrame
        Pieces of patrols: ``patrol_id, year, month, team, x, y`` (middle, map units) and ``km``.
    incidents : DataFrame
        ``incident_id, date, year, type, patrol_id, team, species, cause, x, y`` and ``poaching`` (bool).
    files : tuple of Path
        What was read.
    faults : tuple of Fault
        Warnings only; errors stop the reading.
    """

    folder: Path
    settings: CrimeSettings
    steps: pd.DataFrame
    incidents: pd.DataFrame
    files: tuple[Path, ...]
    faults: tuple[Fault, ...]


def read_crime(folder: str | Path, grid: Grid) -> CrimeData:
    """Read ``patrols.csv`` and ``incidents.csv``, named and mapped as ``crime.yaml`` says.

    A patrol is either rows with ``km``, the distance covered around the row's point, or a track: rows without ``km``,
    in the order in which they were recorded.

    Raises
    ------
    LayerNotFoundError, ConfigError
        No such file; settings that are wrong.
    DataError
        Every error of both tables.
    """
    folder = Path(folder)
    settings, faults = read_settings(folder / SETTINGS), Faults()
    tables = {"patrols": settings.patrols, "incidents": settings.incidents}
    patrols, incidents = (
        _placed(_table(folder, name, t, settings, faults), t.file, settings, grid, faults) for name, t in tables.items()
    )
    steps = _steps(patrols, settings, faults)
    incidents = _checked(incidents, patrols, settings, faults)
    faults.raise_errors()
    faults.warn()
    if not len(steps):
        raise DataError(f"{folder / settings.patrols.file}: holds no kilometre of patrol; is it the right file?")
    paths = [folder / t.file for t in tables.values()]
    paths += [folder / SETTINGS] if (folder / SETTINGS).is_file() else []
    return CrimeData(
        folder=folder,
        settings=settings,
        steps=steps,
        incidents=incidents,
        files=tuple(paths),
        faults=tuple(faults.found),
    )


def _table(folder: Path, name: str, mapping: TableColumns, settings: CrimeSettings, faults: Faults) -> pd.DataFrame:
    """A file with otkel's column names, text, and ``time`` and ``lon``, ``lat`` as numbers."""
    path = folder / mapping.file
    try:
        table = read_table(path, mapping.encoding)
    except LayerNotFoundError as error:
        hint = f"; name the file in {SETTINGS}: `{name}: {{file: ...}}`"
        raise LayerNotFoundError(f"{error}{hint}") from error
    lost = sorted(set(mapping.columns.values()) - set(table.columns))
    if lost:
        raise DataError(f"{path}: has no column {lost[0]!r}, which {SETTINGS} names; it has {_names(table)}")
    table = table.rename(columns={theirs: ours for ours, theirs in mapping.columns.items()})
    missing = [column for column in REQUIRED[name] if column not in table]
    if missing:
        raise DataError(
            f"{path}: has no column {missing[0]!r}; it has {_names(table)}; say in {SETTINGS} which it is: "
            f"`{name}: {{columns: {{{missing[0]}: their_name}}}}`"
        )
    for column in COLUMNS[name]:
        text = table[column].str.strip() if column in table else pd.Series("", index=table.index)
        table[column] = text.replace(mapping.values.get(column, {}))
    table["time"] = _times(table, mapping.file, settings, faults)
    table["clock"] = _clock(table["date"], settings)
    for column in ("lon", "lat"):
        table[column] = _numbers(table, column, mapping.file, faults)
    return table


def _names(table: pd.DataFrame) -> str:
    return ", ".join(column for column in table.columns if column != ROW)


def _times(table: pd.DataFrame, file: str, settings: CrimeSettings, faults: Faults) -> pd.Series:
    style = settings.date_format or "ISO8601"
    times = pd.to_datetime(
        table["date"].str.slice(0, 10) if style == "ISO8601" else table["date"], format=style, errors="coerce"
    )
    zoned = table["date"].map(lambda text: ZONE.search(text) is not None)
    timed = table["date"].str.len() > len("2024-03-01")
    if settings.date_format is None and zoned.any() and (timed & ~zoned).any():
        row, text = table.loc[timed & ~zoned, [ROW, "date"]].iloc[0]
        faults.error(
            "zone",
            file,
            int(row),
            "date",
            text,
            "has no time zone, and other rows have one; write it everywhere, or nowhere",
        )
    latest = pd.Timestamp(datetime.now(UTC).replace(tzinfo=None)) + pd.Timedelta(days=1)
    for row, text in table.loc[times.isna(), [ROW, "date"]].itertuples(index=False):
        faults.error(
            "date", file, row, "date", text, f"is not a date; write YYYY-MM-DD or set date_format in {SETTINGS}"
        )
    for row, text in table.loc[(times < EARLIEST) | (times > latest), [ROW, "date"]].itertuples(index=False):
        faults.error("clock", file, row, "date", text, "lies before 1990 or in the future; correct the clock's year")
    return times


def _clock(dates: pd.Series, settings: CrimeSettings) -> pd.Series:
    """When on its day each row was written, where the text says so; NaT where it names a day only."""
    style = settings.date_format or "ISO8601"
    if settings.date_format is None:
        dates = dates.where(dates.str.len() > len("2024-03-01"))
    elif not re.search("%[HIsc]", style):
        return pd.Series(pd.NaT, index=dates.index, dtype="datetime64[ns, UTC]")
    return pd.to_datetime(dates, format=style, errors="coerce", utc=True)


def _numbers(table: pd.DataFrame, column: str, file: str, faults: Faults) -> pd.Series:
    numbers = pd.to_numeric(table[column].where(table[column] != ""), errors="coerce")
    for row, text in table.loc[numbers.isna(), [ROW, column]].itertuples(index=False):
        faults.error("value", file, row, column, text, "is not a number of degrees such as 56.25 (point, not comma)")
    return numbers.astype(float)


def _placed(table: pd.DataFrame, file: str, settings: CrimeSettings, grid: Grid, faults: Faults) -> pd.DataFrame:
    """Adds ``x, y`` in map units; what lies outside the study is an error or left out."""
    x, y = grid.map_xy(table["lon"].to_numpy(), table["lat"].to_numpy())
    table["x"], table["y"] = x, y
    known = table["lon"].notna() & table["lat"].notna()
    outside = known & ~_inside(table["x"], table["y"], grid)
    turned_x, turned_y = grid.map_xy(table["lat"].to_numpy(), table["lon"].to_numpy())
    swapped = outside & _inside(pd.Series(turned_x), pd.Series(turned_y), grid).to_numpy()
    report = faults.error if settings.outside_study == "error" else faults.warning
    for row, lon, lat, turned in zip(
        table[ROW][outside], table["lon"][outside], table["lat"][outside], swapped[outside], strict=True
    ):
        fix = "swap lon and lat" if turned else f"correct it, or set outside_study: leave_out in {SETTINGS}"
        (faults.error if turned else report)(
            "place", file, row, "lon, lat", f"{lon:g}, {lat:g}", f"lies outside the study; {fix}"
        )
    return table[~outside].reset_index(drop=True)


def _inside(x: pd.Series, y: pd.Series, grid: Grid) -> pd.Series:
    left, bottom, right, top = grid.bounds
    return pd.Series((x >= left) & (x <= right) & (y >= bottom) & (y <= top))


def _steps(patrols: pd.DataFrame, settings: CrimeSettings, faults: Faults) -> pd.DataFrame:
    """Pieces of patrols with their length."""
    given = patrols["km"] != ""
    km = pd.to_numeric(patrols["km"].where(given), errors="coerce")
    file = settings.patrols.file
    wrong = given & ~((km >= 0) & (km <= MOST_KM))
    for row, text in patrols.loc[wrong, [ROW, "km"]].itertuples(index=False):
        faults.error(
            "value", file, row, "km", text, f"must be a number of kilometres from 0 to {MOST_KM:g}; is it in metres?"
        )
    for row, text in patrols.loc[given & ~wrong & (km > LONG_KM), [ROW, "km"]].itertuples(index=False):
        faults.warning("effort", file, row, "km", text, f"is more than {LONG_KM:g} km in one row; is it in metres?")
    patrols = _once(patrols, settings, faults)
    given, km = given[patrols.index], km[patrols.index]
    for row in patrols.loc[patrols["patrol_id"] == "", ROW]:
        faults.error("required", file, row, "patrol_id", None, "is empty; effort and incidents are joined by it")
    counted = patrols.assign(km=km)[given]
    mixed = sorted(set(counted["patrol_id"]) & set(patrols["patrol_id"][~given]))
    if mixed:
        message = f"{len(mixed)} patrols have rows with km and points of a track; both count: {', '.join(mixed[:5])}"
        faults.warning("effort", file, int(counted[ROW][counted["patrol_id"] == mixed[0]].iloc[0]), "km", None, message)
    parts = [_described(counted)]
    parts += [_track(one, settings, faults) for _, one in patrols[~given].groupby("patrol_id", sort=False)]
    steps = pd.concat(parts, ignore_index=True)
    return steps[steps["km"] > 0].reset_index(drop=True)


def _once(patrols: pd.DataFrame, settings: CrimeSettings, faults: Faults) -> pd.DataFrame:
    """Without the copies of rows whose time of day is written; of copies without one it is said that they count."""
    same = patrols.duplicated(list(COLUMNS["patrols"]))
    timed = same & patrols["clock"].notna()
    for which, what in (
        (timed, "rows are copies of others, to the second; they count once"),
        (
            same & ~timed,
            "rows are copies of others; they count, as nobody can say whether a way was walked twice: delete them if not",
        ),
    ):
        if which.any():
            faults.warning(
                "copies",
                settings.patrols.file,
                int(patrols.loc[which, ROW].iloc[0]),
                "",
                None,
                f"{int(which.sum())} {what}",
            )
    return patrols[~timed]


def track_km(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n - 1,) distances between the points of a track on the ellipsoid [km]."""
    from pyproj import Geod

    metres = Geod(ellps="WGS84").inv(lon[:-1], lat[:-1], lon[1:], lat[1:])[2]
    return np.asarray(metres) / 1000.0


def _described(rows: pd.DataFrame) -> pd.DataFrame:
    time = rows["time"]
    columns = rows[["patrol_id", "team", "x", "y", "km"]]
    return columns.assign(year=time.dt.year, month=time.dt.month)


def _track(points: pd.DataFrame, settings: CrimeSettings, faults: Faults) -> pd.DataFrame:
    """Steps between the points of one patrol, on the ellipsoid [km]."""
    if len(points) < 2:
        row, name = int(points[ROW].iloc[0]), points["patrol_id"].iloc[0]
        faults.error(
            "effort",
            settings.patrols.file,
            row,
            "km",
            None,
            f"patrol {name}: one point and no km is no effort; give km",
        )
        return _described(points.assign(km=0.0).iloc[:0])
    points = _in_order(points, settings, faults)
    pause = points["time"].diff().iloc[1:] > LONGEST_PAUSE
    km = track_km(points["lon"].to_numpy(), points["lat"].to_numpy())
    later = points.iloc[1:]
    km = np.where(pause, 0.0, km)
    for row, length in zip(later[ROW][km > settings.longest_step_km], km[km > settings.longest_step_km], strict=True):
        message = f"lies {length:.0f} km from the point before it (longest_step_km {settings.longest_step_km:g}); correct or split it"
        faults.error("track", settings.patrols.file, row, "lon, lat", None, message)
    if pause.any():
        name, row = points["patrol_id"].iloc[0], int(later.loc[pause, ROW].iloc[0])
        message = (
            f"patrol {name}: {int(pause.sum())} times more than {LONGEST_PAUSE.days} days lie between two points of its track; what lies "
            "between is not counted: give each patrol an id of its own"
        )
        faults.warning("track", settings.patrols.file, row, "date", None, message)
    middle = {axis: 0.5 * (points[axis].to_numpy()[:-1] + points[axis].to_numpy()[1:]) for axis in ("x", "y")}
    return _described(later.assign(km=km, **middle))


def _in_order(points: pd.DataFrame, settings: CrimeSettings, faults: Faults) -> pd.DataFrame:
    """Points of a track by their times where every point has one, otherwise by their days; told where the file has another order."""
    by = "clock" if points["clock"].notna().all() else "time"
    back = points[by].diff() < pd.Timedelta(0)
    if back.any():
        name, count = points["patrol_id"].iloc[0], int(back.sum())
        message = f"patrol {name}: time runs backwards at {count} of its points, first here; its points are taken in order of time"
        faults.warning("track", settings.patrols.file, int(points.loc[back, ROW].iloc[0]), "date", None, message)
    return points.sort_values(by, kind="stable")


def _checked(incidents: pd.DataFrame, patrols: pd.DataFrame, settings: CrimeSettings, faults: Faults) -> pd.DataFrame:
    """Incidents with ids, types, causes and patrols that are known, and whether each is a sign of poaching."""
    file = settings.incidents.file
    spelt = {name.casefold(): name for name in ("carcass", *settings.other_types, *settings.poaching_types)}
    types = incidents["type"].map(lambda text: spelt.get(text.casefold(), text))
    incidents = incidents.assign(type=types, cause=incidents["cause"].str.lower())
    twice = incidents["incident_id"].duplicated() & (incidents["incident_id"] != "")
    for row, text in incidents.loc[twice, [ROW, "incident_id"]].itertuples(index=False):
        faults.error("unique", file, row, "incident_id", text, "is given twice; an incident is counted once")
    for column in ("incident_id", "type"):
        for row in incidents.loc[incidents[column] == "", ROW]:
            faults.error("required", file, row, column, None, "is empty")
    for row, text in incidents.loc[~incidents["cause"].isin(CAUSES), [ROW, "cause"]].itertuples(index=False):
        faults.error(
            "value", file, row, "cause", text, "must be illegal, natural, unknown or empty; map words under `values`"
        )
    stranger = (incidents["patrol_id"] != "") & ~incidents["patrol_id"].isin(set(patrols["patrol_id"]))
    for row, text in incidents.loc[stranger, [ROW, "patrol_id"]].itertuples(index=False):
        faults.error(
            "reference",
            file,
            row,
            "patrol_id",
            text,
            f"no such patrol in {settings.patrols.file}; correct it or leave it empty",
        )
    _tell_of_uncounted(incidents, settings, faults)
    illegal = (incidents["type"] != "carcass") | (incidents["cause"] == "illegal")
    poaching = incidents["type"].isin(settings.poaching_types) & illegal
    columns = incidents[["incident_id", "time", "type", "patrol_id", "team", "species", "cause", "x", "y", ROW]]
    return columns.rename(columns={"time": "date"}).assign(year=incidents["time"].dt.year, poaching=poaching)


def _tell_of_uncounted(incidents: pd.DataFrame, settings: CrimeSettings, faults: Faults) -> None:
    """Types that nobody said anything about, with how often they occur: a sign that is spelt otherwise counts for nothing."""
    known = {*settings.poaching_types, *settings.other_types, "carcass", ""}
    for name, rows in incidents[~incidents["type"].isin(known)].groupby("type", sort=False):
        message = (
            f"{len(rows)} incidents of this type count as no sign of poaching; if they are one, map it under "
            f"`incidents: {{values: {{type: ...}}}}` in {SETTINGS} or name it in poaching_types ({', '.join(settings.poaching_types)}); "
            "if not, name it in other_types"
        )
        faults.warning("type", settings.incidents.file, int(rows[ROW].iloc[0]), "type", name, message)
