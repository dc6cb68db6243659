"""The rules of the house that a machine can watch: who imports whom, what a start costs, kernels that stay in bounds."""

from __future__ import annotations

import ast
import os
import re
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
KERNELS = sorted([*ROOT.glob("connectivity/kernels/**/*.py"), *ROOT.glob("rasters/kernels/**/*.py")])
PACKAGES = sorted(
    path for room in ("connectivity", "rasters", "scenarios") for path in ROOT.glob(f"{room}/**/__init__.py")
)
HEAVY = (
    "numba",
    "geopandas",
    "skimage",
    "rasterio",
    "pyogrio",
    "matplotlib",
    "scipy",
    "pandas",
    "numpy",
    "dask",
    "networkx",
)


def python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter in the repository."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def cpu_seconds_of(*arguments: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert python(*arguments).returncode == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def imported_roots(path: Path) -> set[str]:
    """First names of the modules that a file imports, anywhere in it; whole names within this repository."""
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append(node.module or "")
    return {name if name.startswith(("connectivity", "rasters", "scenarios")) else name.split(".")[0] for name in names}


def test_import_contracts_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    if not linter.exists():
        pytest.skip("import-linter is not installed beside this Python")
    done = subprocess.run([str(linter), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    assert "7 kept, 0 broken" in done.stdout


def test_there_are_kernels() -> None:
    assert len(KERNELS) > 10


@pytest.mark.parametrize("path", KERNELS, ids=lambda p: f"{p.parts[-3]}/{p.stem}")
def test_kernels_know_numpy_numba_math_and_each_other(path: Path) -> None:
    allowed = {"__future__", "collections", "math", "numba", "numpy", "typing"}
    if path.stem == "_jit":
        allowed |= sys.stdlib_module_names
    strangers = {
        name
        for name in imported_roots(path) - allowed
        if not name.startswith(("connectivity.kernels", "rasters.kernels"))
    }
    assert not strangers


def test_packages_are_tables_of_contents() -> None:
    """An ``__init__`` holds no code, so that importing a module brings in no more than it needs.

    That of ``scenarios`` has a module's own ``__getattr__``: `scenarios.open` is found when it is asked for, not before.
    """
    for file in PACKAGES:
        package = file.parent.relative_to(ROOT).as_posix()
        tree = ast.parse(file.read_text(encoding="utf-8"))
        code = [node for node in tree.body if not isinstance(node, ast.Expr | ast.Assign)]
        names = [node.name for node in code if isinstance(node, ast.FunctionDef)]
        assert len(names) == len(code), package
        assert names == (["__getattr__", "__dir__"] if package == "scenarios" else []), package


def test_the_architecture_page_names_every_package() -> None:
    page = (ROOT / "docs/develop/architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^ *((?:connectivity|rasters|scenarios)(?:/\w+)*)/(?: |$)", page, re.MULTILINE))
    assert named == {path.parent.relative_to(ROOT).as_posix() for path in PACKAGES}


def test_no_folder_holds_more_modules_than_one_can_look_over() -> None:
    counts = {
        path.parent.relative_to(ROOT).as_posix(): sum(file.name != "__init__.py" for file in path.parent.glob("*.py"))
        for path in PACKAGES
    }
    assert {folder: count for folder, count in counts.items() if count > 22} == {}


def test_help_starts_at_once() -> None:
    """Under half a second on a quiet machine, which is under six times what the command-line library alone takes there.

    Measured in turns, the least of three each: the first may compile, and others may push in.
    """
    turns = [(cpu_seconds_of("cli.py", "--help"), cpu_seconds_of("-c", "import typer")) for _ in range(3)]
    ours, library = (min(times) for times in zip(*turns, strict=True))
    assert ours < 6.0 * library


@pytest.mark.parametrize(
    "arguments", [["--help"], ["run", "--help"], ["passages", "--help"], ["batch", "run", "--help"]]
)
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    heavy = (*HEAVY, "pydantic") if arguments == ["--help"] else HEAVY
    program = (
        "import sys; sys.argv = ['otkel', *sys.argv[1:]]\n"
        "import cli\n"
        "try:\n    cli.main()\nexcept SystemExit as done:\n    assert not done.code, done.code\n"
        f"print('LOADED', *(m for m in {heavy!r} if m in sys.modules), file=sys.stderr)"
    )
    done = python("-c", program, *arguments)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == "LOADED"


@pytest.mark.parametrize(
    ("module", "without"),
    [
        ("scenarios", HEAVY),
        ("rasters.grid", ("rasterio", "geopandas", "pyogrio", "numba", "scipy")),
        ("rasters.surface", ("rasterio", "geopandas", "pyogrio", "numba")),
        ("rasters.fences", ("rasterio", "geopandas", "pyogrio", "pandas")),
        ("connectivity.circuit.solve", ("rasterio", "geopandas", "pyogrio", "typer", "matplotlib", "pandas")),
        (
            "connectivity.least_cost.cost_distance",
            ("rasterio", "geopandas", "pyogrio", "typer", "matplotlib", "pandas"),
        ),
        ("scenarios.study.load", ("rasterio", "geopandas", "numba", "matplotlib")),
    ],
)
def test_modules_bring_in_no_more_than_they_need(module: str, without: tuple[str, ...]) -> None:
    done = python("-c", f"import sys, {module}; print(*(m for m in {without!r} if m in sys.modules))")
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr


def test_kernels_stay_within_their_arrays() -> None:
    """Numba does not check bounds unless told to; told to, every kernel module runs on a small landscape."""
    done = python("tests/support/kernel_rounds.py", OTKEL_BOUNDSCHECK="1")
    assert done.returncode == 0, done.stderr[-3000:]
    unused = done.stdout.split()
    assert not unused, f"no kernel of {', '.join(unused)} ran: add them to connectivity/rounds.py"


def test_the_bounds_check_would_find_something() -> None:
    """The switch works: a kernel that reads past the end of a row stops, instead of reading the next row."""
    program = (
        "import numpy as np\n"
        "from rasters.kernels._jit import kernel\n"
        "def past(a):\n    return a[0, a.shape[1]]\n"
        "try:\n    kernel(past)(np.arange(6.0).reshape(2, 3))\nexcept IndexError:\n    print('stopped')"
    )
    assert python("-c", program, OTKEL_BOUNDSCHECK="1", OTKEL_KERNEL_CACHE="0").stdout.strip() == "stopped"
    assert python("-c", program, OTKEL_BOUNDSCHECK="0", OTKEL_KERNEL_CACHE="0").stdout.strip() == ""


def test_a_changed_nested_kernel_changes_the_caches_of_all_that_import_it(tmp_path: Path) -> None:
    """Otherwise machine code of an older neighbour would be used without a word."""
    for path in [*ROOT.glob("rasters/kernels/*.py"), *ROOT.glob("connectivity/kernels/**/*.py")]:
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    for package in ("rasters", "connectivity"):
        (tmp_path / package / "__init__.py").touch()
    program = (
        "import sys\nfrom pathlib import Path\nsys.path.insert(0, str(Path.cwd()))\n"
        "from rasters.kernels._jit import _folder_of\n"
        "print(_folder_of(Path('connectivity/kernels/multigrid/cycle.py').resolve()), "
        "_folder_of(Path('connectivity/kernels/search/slope.py').resolve()))"
    )

    def folders() -> list[str]:
        environment = {**os.environ, "PYTHONPATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
        command = [sys.executable, "-c", program]
        return subprocess.check_output(command, cwd=tmp_path, env=environment, text=True).split()

    before = folders()
    with (tmp_path / "connectivity" / "kernels" / "multigrid" / "product.py").open("a") as file:
        file.write("# changed\n")
    after = folders()
    assert after[0] != before[0]
    assert after[1] == before[1]


def test_links_between_pages_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
        if not re.match(r"[a-z]+:", target) and not (page.parent / target).exists()
    ]
    assert len(pages) > 20 and not broken
