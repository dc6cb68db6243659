"""A scripter: a batch to a table in Python.

Steps: 3 (a study and a matrix lie there; a batch on the command line, the same from Python, which does nothing again, and a table). Failed
rounds: 0. Before: no call for batches, results only as files by name.
"""

from __future__ import annotations

import json
from pathlib import Path

from tests.hostile.commands import small_study
from tests.support.journey import Journey

SCRIPT = """
import json, warnings, otkel
warnings.simplefilter("error")
warnings.simplefilter("ignore", otkel.errors.CrsScaleWarning)  # the study is in a projection that stretches
told = []
done = otkel.batch("study", "study/matrix.yaml", "batch", overrides={"ranking.shortlist": 3}, progress=told.append)
assert done.rows["failed"] == {} and done.rows["finished"] == 4, done.rows
table = done["summary"].set_index(["scenario", "species"])
gain = table["conductance_share"].unstack()
best = done["shortlist"].sort_values("score", ascending=False).groupby(["scenario", "species"]).first()
try:
    otkel.batch("study", "study/matrix.yaml", "batch", overrides={"ranking.shortlst": 3})
except otkel.errors.OptionError as error:
    said = str(error)
print(json.dumps({
    "before": done.rows["finished_before"], "share": gain.loc["closed"].to_dict(), "free": gain.loc["free"].to_dict(),
    "best": {"/".join(key): [row["lon_deg"], row["lat_deg"], row["score"]] for key, row in best.iterrows()}, "said": said,
    "tables": sorted(done), "told": len(told),
}))
"""


def test_from_a_batch_to_a_table(tmp_path: Path) -> None:
    user = Journey(folder=tmp_path)
    small_study(tmp_path / "study")
    ran = user.command(
        "batch", "study", "--matrix", "study/matrix.yaml", "--out", "batch", "--set", "ranking.shortlist=3", "--json"
    )
    assert json.loads(ran.stdout)["finished"] == 4

    found = json.loads(user.script(SCRIPT).stdout)
    assert found["before"] == 4
    assert {"indicators", "pairs", "shortlist", "summary"} <= set(found["tables"])
    assert found["share"]["walker"] == 0 and 0 < found["share"]["digger"] < 1
    assert found["free"]["digger"] == 1
    lon, lat, score = found["best"]["closed/digger"]
    assert 55 < lon < 57 and 40 < lat < 44 and score > 0
    assert "did you mean 'shortlist'" in found["said"]

    user.does("look at the table")
    assert len(user.steps) == 3 and not user.failed
