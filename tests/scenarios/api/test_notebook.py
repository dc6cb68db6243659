"""The tutorial notebook runs from top to bottom in a fresh kernel, and draws what it says."""

from __future__ import annotations

import os
import subprocess
import sys

import nbformat
import pytest

from tests.support.places import ROOT

NOTEBOOK = ROOT / "docs" / "tutorial" / "tutorial.ipynb"

PROGRAM = """
import sys
import nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
nbformat.write(notebook, sys.argv[2])
"""


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> nbformat.NotebookNode:
    """Run where nothing of the repository lies, so that the notebook needs the package alone."""
    folder = tmp_path_factory.mktemp("notebook")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(NOTEBOOK), str(folder / "out.ipynb")],
        cwd=folder,
        check=False,
        text=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "JUPYTER_PLATFORM_DIRS": "1", "IPYTHONDIR": str(folder)},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert [path.name for path in folder.iterdir() if path.suffix == ".ipynb"] == ["out.ipynb"]
    return nbformat.read(folder / "out.ipynb", as_version=4)


def test_it_is_kept_without_outputs() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(code) > 8
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)


def test_every_cell_runs_and_nothing_is_complained_about(executed: nbformat.NotebookNode) -> None:
    for cell in executed.cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "error"
            assert not (output.output_type == "stream" and output.name == "stderr"), output.text


def test_pictures_and_tables_come_out(executed: nbformat.NotebookNode) -> None:
    shown = [output.get("data", {}) for cell in executed.cells for output in cell.get("outputs", [])]
    assert sum("image/png" in data for data in shown) == 3
    assert sum("<table" in data.get("text/html", "") for data in shown) >= 6
    texts = " ".join(data.get("text/plain", "") for data in shown)
    assert "OpenStudy(ustyurt" in texts and "Comparison(wires out every 8 km, no fence with fence" in texts
    gains = next(data["text/plain"] for data in shown if "conductance_share" in data.get("text/plain", ""))
    assert "wires out every 8 km" in gains and "1.0000" in gains
