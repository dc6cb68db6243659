"""The benchmark's body runs, and its tools agree, so that it does not rot."""

import numpy as np

from tests.benchmarks.bench_cost_distance import TOOLS, landscape


def test_every_tool_that_is_here_finds_the_same_distances() -> None:
    resistance = landscape(40)
    truth = TOOLS["otkel"](resistance, False)()
    for tool in ("otkel, 2 threads", "scikit-image MCP", "scipy dijkstra"):
        found = TOOLS[tool](resistance, False)()
        reached = np.isfinite(truth)
        np.testing.assert_allclose(found[reached], truth[reached], rtol=1e-12, err_msg=tool)
    fenced = TOOLS["otkel"](resistance, True)()
    assert (fenced[reached] >= truth[reached]).all()
    assert fenced[reached].sum() > truth[reached].sum()
    np.testing.assert_allclose(TOOLS["scipy dijkstra"](resistance, True)()[reached], fenced[reached], rtol=1e-12)
