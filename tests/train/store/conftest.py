"""Places for stores: a SQLite file, and a schema in a PostgreSQL server that is started here if one is installed."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from trace_train.store import Store

PASSWORD = "sentinel-password"
_numbers = count()


def installed(program: str) -> str | None:
    """Where PostgreSQL's program is: on the path, or where Debian puts it."""
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))
    return shutil.which(program) or (str(debian[-1]) if debian else None)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a server; it refuses to run as root, so then it runs as another user."""
    pytest.importorskip("psycopg")
    initdb, pg_ctl = installed("initdb"), installed("pg_ctl")
    if initdb is None or pg_ctl is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_user and shutil.which("runuser") is None:
        pytest.skip("PostgreSQL does not run as root, and there is no runuser")
    folder = Path(tempfile.mkdtemp(prefix="trace-postgres-"))
    secret = folder / "password"
    secret.write_text(PASSWORD)
    if as_user:
        for path in (folder, secret):
            shutil.chown(path, "postgres")
    data, port = folder / "data", free_port()
    settings = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"

    def run(*command: str) -> None:
        quiet = {"stdout": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}
        subprocess.run([*as_user, *command], check=True, cwd=folder, **quiet)

    try:
        run(initdb, "-D", str(data), "-U", "tester", "--auth=scram-sha-256", f"--pwfile={secret}", "--no-sync", "-N")
        run(pg_ctl, "-D", str(data), "-w", "-l", str(folder / "log"), "-o", settings, "start")
        try:
            yield f"postgresql://tester:{PASSWORD}@127.0.0.1:{port}/postgres"
        finally:
            run(pg_ctl, "-D", str(data), "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def schema(postgres: str) -> str:
    """A URL of a schema of its own in the server."""
    import psycopg

    name = f"store_{next(_numbers)}"
    with psycopg.connect(postgres) as connection:
        connection.execute(f"CREATE SCHEMA {name}")  # type: ignore[call-overload]
    return f"{postgres}?options=-csearch_path%3D{name}"


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a store may be made."""
    return str(tmp_path / "trace-suite.db") if request.param == "sqlite" else request.getfixturevalue("schema")


@pytest.fixture
def store(place: str) -> Iterator[Store]:
    with Store(place) as made:
        yield made
