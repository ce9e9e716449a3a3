"""python tests/postgres.py [tests …]: the tests of the package, on a PostgreSQL of their own.
With --bench, bench/saves.py instead.

It needs Debian's package postgresql, or another that brings initdb and postgres, and psycopg. The
server listens on 127.0.0.1, on a free port, and ends with the tests.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
PATIENCE = 60
"""Seconds until the server must answer."""


def main():
    programs = find_programs()
    if programs is None:
        print("PostgreSQL is not installed: apt install postgresql.", file=sys.stderr)
        sys.exit(os.EX_UNAVAILABLE)
    with server(programs) as port:
        words = [sys.executable, HERE / "manage.py", "test", *sys.argv[1:]]
        if sys.argv[1:] == ["--bench"]:
            words = [sys.executable, HERE.parent / "bench" / "saves.py"]
        environment = {**os.environ, "POSTGRES_PORT": str(port)}
        sys.exit(subprocess.run(words, env=environment).returncode)


def find_programs():
    """The folder of initdb and postgres, or None."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((each for each in folders if (each / "postgres").exists()), None)


@contextmanager
def server(programs):
    """A server with an empty database; gives its port."""
    folder = Path(tempfile.mkdtemp(prefix="edge-isr-postgres-"))
    # It refuses to run as root.
    owner = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
    if owner:
        shutil.chown(folder, **owner)
    data, port = folder / "data", free_port()
    try:
        initdb = [programs / "initdb", "-D", data, "-A", "trust", "-U", "postgres", "-N"]
        subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, cwd=folder, **owner)
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": port,
            "unix_socket_directories": folder,
            "fsync": "off",
        }
        words = [programs / "postgres", "-D", data]
        words += [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with open(folder / "log", "wb") as log:
            running = subprocess.Popen(words, stdout=log, stderr=log, cwd=folder, **owner)
        try:
            wait_for(port, running, folder / "log")
            yield port
        finally:
            # What is connected is cut off, and the server ends at once.
            running.send_signal(signal.SIGINT)
            running.wait(PATIENCE)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def wait_for(port, running, log):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and running.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit(f"PostgreSQL did not start:\n{log.read_text()}")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


if __name__ == "__main__":
    main()
