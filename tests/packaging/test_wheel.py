"""Every package can be imported by its own name: from the wheel, from a wheel made of the sdist, and editable."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
PACKAGES = [Path(path) for path in PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]]
NAMES = [path.name for path in PACKAGES]

# Prints where each package named on the command line was imported from.
WHERE = "import importlib, sys\nfor name in sys.argv[1:]: print(importlib.import_module(name).__file__)"


def run(*command: str, pythonpath: str = "", cwd: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": pythonpath}
    done = subprocess.run(
        [sys.executable, *command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def unzipped(wheel: Path, target: Path) -> Path:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    return target


@pytest.fixture(scope="module", params=["tree", "sdist"])
def installed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the wheel installs; with "sdist" the wheel is built from the sdist, as package indexes do."""
    place = tmp_path_factory.mktemp(request.param)
    kind = ["--wheel"] if request.param == "tree" else []
    run("-m", "build", "--no-isolation", *kind, "--outdir", str(place / "dist"), cwd=REPOSITORY)
    (wheel,) = (place / "dist").glob("*.whl")
    return unzipped(wheel, place / "installed")


def contents(root: Path) -> set[str]:
    found = (path for path in root.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return {str(path.relative_to(root)) for path in found}


def test_every_package_of_the_tree_is_declared() -> None:
    folders = [*REPOSITORY.glob("trace_*"), *REPOSITORY.glob("integrations/trace_*")]
    assert {path.relative_to(REPOSITORY) for path in folders if path.is_dir()} == set(PACKAGES)


def test_the_wheel_has_every_package_under_its_own_name(installed: Path, tmp_path: Path) -> None:
    files = run("-c", WHERE, *NAMES, pythonpath=str(installed), cwd=tmp_path).splitlines()
    assert [Path(file) for file in files] == [installed / name / "__init__.py" for name in NAMES]


def test_the_wheel_has_every_module_template_and_script_and_the_typing_marker(installed: Path) -> None:
    for package in PACKAGES:
        assert contents(installed / package.name) == contents(REPOSITORY / package)
        assert (installed / package.name / "py.typed").is_file()


def test_the_wheel_has_nothing_else_and_its_license(installed: Path) -> None:
    (metadata,) = installed.glob("*.dist-info")
    assert {path.name for path in installed.iterdir()} == {*NAMES, metadata.name}
    assert (metadata / "licenses" / "LICENSE").read_text() == (REPOSITORY / "LICENSE").read_text()


def test_the_wheel_asks_for_the_base_dependencies_and_no_more(installed: Path) -> None:
    (metadata,) = installed.glob("*.dist-info")
    lines = (metadata / "METADATA").read_text().split("\n\n")[0].splitlines()
    wanted = [line.removeprefix("Requires-Dist: ") for line in lines if line.startswith("Requires-Dist: ")]
    base = {line.split(">")[0] for line in wanted if "extra ==" not in line}
    assert base == {"openai", "pydantic", "json-repair", "pydantic-monty"}


def test_an_editable_install_imports_every_package_from_the_tree(tmp_path: Path) -> None:
    build = "import sys; from hatchling.build import build_editable; build_editable(sys.argv[1])"
    run("-c", build, str(tmp_path), cwd=REPOSITORY)
    (wheel,) = tmp_path.glob("*.whl")
    (links,) = unzipped(wheel, tmp_path / "installed").glob("*.pth")
    pythonpath = os.pathsep.join(links.read_text().split())

    files = run("-c", WHERE, *NAMES, pythonpath=pythonpath, cwd=tmp_path).splitlines()

    assert [Path(file) for file in files] == [REPOSITORY / package / "__init__.py" for package in PACKAGES]
