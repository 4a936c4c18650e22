"""The rules of the house, each as a test: what may import what, what no file may contain, how large the core may be."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tokenize
import tomllib
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
PACKAGES = [REPOSITORY / path for path in PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]]
MODULES = sorted(module for package in PACKAGES for module in package.rglob("*.py"))

# What `import trace_core` must not load: its own dependencies wait until they are used, frameworks until they are asked
# for by name, and `socket` would mean that something is about to speak to the network.
UNUSED = ["openai", "pydantic", "pydantic_core", "json_repair", "pydantic_monty", "httpx", "rich", "xllamacpp"]
FRAMEWORKS = ["langchain", "langchain_core", "langgraph", "autogen_agentchat", "autogen_core", "llama_index", "agents"]

# Reports what importing the module does: files that it opens (other than Python's own reading of modules), sockets,
# programs, and the modules it leaves behind.
WATCH = """
import sys
seen = []
def watch(event, arguments):
    if event == "open" and str(arguments[0]).endswith((".py", ".pyc", ".so", ".pyd")):
        return
    if event == "open" or event.startswith(("socket.", "subprocess.", "os.system", "os.putenv")):
        seen.append(f"{event} {arguments[0]}")
sys.addaudithook(watch)
import trace_core
print("\\n".join(seen))
print("modules:", *sorted(sys.modules))
"""


def importing_the_core() -> tuple[list[str], set[str]]:
    """What `import trace_core` did, and which modules are loaded after it."""
    done = subprocess.run([sys.executable, "-c", WATCH], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    done_things, _, modules = done.stdout.partition("modules:")
    return done_things.split("\n"), set(modules.split())


def test_importing_the_core_loads_nothing_that_is_not_used() -> None:
    _, modules = importing_the_core()
    assert "trace_core" in modules
    assert modules.isdisjoint([*UNUSED, *FRAMEWORKS, "socket", "asyncio", "trace_local"])


def test_importing_the_core_opens_no_file_and_no_socket() -> None:
    done_things, _ = importing_the_core()
    assert [thing for thing in done_things if thing] == []


def test_modules_import_downward_only() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_every_module_says_what_it_is_for(module: Path) -> None:
    assert ast.get_docstring(ast.parse(module.read_text())), f"{module} has no docstring"


# A fifth of the core checks and runs code that an LLM wrote, another reads what it answered.
MOST_LINES_OF_CODE = {
    "trace_core": 6_400,
    "trace_core/recording": 1_560,
    "trace_core/exposing": 600,
    "trace_train": 3_115,
    "trace_train/cli": 1_010,
    "trace_train/executors": 480,
    "trace_train/store": 1_060,
    "trace_train/trackers": 200,
    "trace_view": 1_720,
}


def lines_of_code(module: Path) -> int:
    """The lines that hold code: no blank line, comment or docstring."""
    text = module.read_text()
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings: set[int] = set()
    for part in ast.walk(ast.parse(text)):
        if isinstance(part, documented) and ast.get_docstring(part) is not None:
            docstrings.update(range(part.body[0].lineno, (part.body[0].end_lineno or 0) + 1))
    blank = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    code: set[int] = set()
    for token in tokenize.generate_tokens(StringIO(text).readline):
        if token.type not in blank:
            code.update(range(token.start[0], token.end[0] + 1))
    return len(code - docstrings)


@pytest.mark.parametrize("package", MOST_LINES_OF_CODE)
def test_the_core_stays_small(package: str) -> None:
    inner = [other for other in MOST_LINES_OF_CODE if other.startswith(f"{package}/")]
    paths = {module: module.relative_to(REPOSITORY).as_posix() for module in MODULES}
    counted = [m for m, path in paths.items() if path.startswith(package) and not path.startswith((*inner, "//"))]
    assert sum(map(lines_of_code, counted)) <= MOST_LINES_OF_CODE[package]


# --- what library code does not do

FORBIDDEN = {"print", "eval", "exec", "breakpoint", "input"}
COMMAND_LINES = {"__main__.py", "doctor.py"}
# The one place where a text becomes a function: code that the user chose to run natively (SECURITY.md).
NATIVE_CODE = {("surroundings.py", "exec")}


def offences(module: Path) -> Iterator[str]:
    for part in ast.walk(ast.parse(module.read_text())):
        match part:
            case ast.Assert():
                found = "assert"
            case ast.ExceptHandler(type=None):
                found = "bare except"
            case ast.Call(func=ast.Name(id=name)) if name in FORBIDDEN and (module.name, name) not in NATIVE_CODE:
                found = f"{name}()"
            case _:
                continue
        yield f"{module.name}:{part.lineno} {found}"


def test_library_code_does_not_print_assert_or_run_text() -> None:
    library = [module for module in MODULES if module.name not in COMMAND_LINES]
    assert [offence for module in library for offence in offences(module)] == []


def test_nothing_is_pickled() -> None:
    pickling = re.compile(r"^\s*(?:import|from) (?:pickle|dill|cloudpickle|shelve|marshal)\b", re.MULTILINE)
    assert [str(module) for module in MODULES if pickling.search(module.read_text())] == []


# --- what no file contains


def files_of_the_project() -> list[Path]:
    """Every file that is committed, or would be."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    paths = [REPOSITORY / name for name in listed.split("\0") if name]
    return [path for path in paths if path.is_file()]


@pytest.mark.skipif(not (REPOSITORY / ".git").exists(), reason="needs the list of the repository's files")
def test_no_file_names_a_place_on_a_developers_machine() -> None:
    place = re.compile(r"(?<![\w.])/(?:work|root|Users)/|(?<![\w.])/home/\w+/")
    found = []
    for path in files_of_the_project():
        text = path.read_text(encoding="utf-8", errors="replace")
        found += [f"{path.relative_to(REPOSITORY)}: {match.group()}" for match in place.finditer(text)]
    assert found == []


def test_the_changelog_has_the_version() -> None:
    changelog = (REPOSITORY / "CHANGELOG.md").read_text()
    assert re.search(rf"^## \[{re.escape(PROJECT['project']['version'])}\]", changelog, re.MULTILINE)


def test_the_base_dependencies_are_four() -> None:
    names = {re.split(r"[<>=~!]", dependency)[0] for dependency in PROJECT["project"]["dependencies"]}
    assert names == {"openai", "pydantic", "json-repair", "pydantic-monty"}
