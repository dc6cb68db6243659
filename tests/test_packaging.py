"""What is installed: the packages, the command, and `otkel` as the name of the calls for scripts."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.places import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
WHEEL = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]


def test_the_alias_lies_at_the_top_of_the_wheel_and_is_found_in_the_repository() -> None:
    sources = {Path(source) for source, target in WHEEL["force-include"].items() if target == "otkel.py"}
    assert len(sources) == 1 and all((ROOT / source).is_file() for source in sources)
    folder = next(iter(sources)).parent.as_posix()
    assert folder in WHEEL["exclude"] and folder in WHEEL["dev-mode-dirs"]
    assert folder in PROJECT["tool"]["pytest"]["ini_options"]["pythonpath"]


def test_the_command_is_there() -> None:
    module, function = PROJECT["project"]["scripts"]["otkel"].split(":")
    tree = ast.parse((ROOT / f"{module}.py").read_text(encoding="utf-8"))
    assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert f"{module}.py" in WHEEL["only-include"]


@pytest.mark.skipif(find_spec("hatchling") is None, reason="hatchling is not installed beside this Python")
def test_a_wheel_holds_all_that_is_needed(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    names = set(zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist())
    assert {"cli.py", "otkel.py", "scenarios/__init__.py", "scenarios/library/ustyurt/study.yaml"} <= names
    assert not [name for name in names if name.startswith(("tests/", "docs/"))]


def test_importing_the_alias_costs_nothing() -> None:
    program = "import sys, otkel; print(*(m for m in ('numpy', 'pandas', 'rasterio') if m in sys.modules), *dir(otkel))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT / "scenarios/alias"
    )
    assert "numpy" not in done.stdout and "run_all" in done.stdout
