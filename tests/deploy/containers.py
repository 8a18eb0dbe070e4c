"""The compose file's containers without Docker: namespaces on a Debian root, under the restraints it asks for."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
RECIPE = (ROOT / "deploy" / "images" / "Dockerfile").read_text()
USER = 10001
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
# mounts a root, an image and a volume as a container would see them, then runs what follows as the image's user
_ENTER = """
set -eu
root=$1 image=$2 volume=$3; shift 3
mount --make-rprivate /
mount --bind "$root" "$root"
mount -o remount,ro,bind "$root"
mount --bind -o ro "$image" "$root/opt/tidemark"
mount -t tmpfs tmpfs "$root/tmp"
mount --bind "$volume" "$root/var/lib/tidemark"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
exec chroot "$root" setpriv --reuid 10001 --regid 10001 --clear-groups --no-new-privs --bounding-set=-all "$@"
"""
# runs what follows in a root whose /opt/tidemark is the folder of an image
_BUILD = """
set -eu
root=$1 image=$2; shift 2
mount --make-rprivate /
mount --bind "$image" "$root/opt/tidemark"
mount -t proc proc "$root/proc"
exec chroot "$root" env -i "$@"
"""

# what the image of PostgreSQL does on its first start
_DATABASE = """
set -eu
PATH=/usr/lib/postgresql/15/bin:$PATH; data=/var/lib/postgresql/data
rm -rf $data && install -d -o postgres -g postgres $data /run/postgresql
printf %s "$POSTGRES_PASSWORD" >/run/password; chmod 644 /run/password
as="setpriv --reuid postgres --regid postgres --clear-groups"
$as initdb -D $data -U "$POSTGRES_USER" --pwfile=/run/password --auth=scram-sha-256 --encoding UTF8 >/dev/null
export PGPASSWORD="$POSTGRES_PASSWORD" PGUSER="$POSTGRES_USER"
$as pg_ctl start -w -D $data -o "-c dynamic_shared_memory_type=mmap -c listen_addresses=''" >/dev/null
createdb "$POSTGRES_DB" && psql -f /src/deploy/images/databases.sql "$POSTGRES_DB"
$as pg_ctl stop -w -D $data >/dev/null
exec $as postgres -D $data -c dynamic_shared_memory_type=mmap -c listen_addresses=127.0.0.1
"""


class Containers:
    """What `docker compose` would do with this machine's Debian: one network for all, a folder for each volume.

    PostgreSQL, Redis and moto come without their images: from Debian and from the role `local`.
    """

    def __init__(self, root: Path, images: Path, volumes: Path, network: str, settings: dict[str, str]) -> None:
        self._root, self._images, self._volumes, self._network = root, images, volumes, network
        self._settings = settings
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        ask = "import urllib.request as u; u.urlopen('http://127.0.0.1:5000/moto-api/', timeout=3)"
        moto = {"image": "tidemark-local", "entrypoint": ["moto_server", "-H", "0.0.0.0", "-p", "5000"], "command": [],
                "volumes": ["none:"], "healthcheck": {"test": ["CMD", "python", "-c", ask]}}  # fmt: skip
        self._services = COMPOSE | {"s3": COMPOSE["s3"] | moto}

    def start(self, name: str) -> None:
        """Start a service; what it prints goes to a file of its name beside the volumes."""
        with self.log(name).open("wb") as log:
            self._processes[name] = subprocess.Popen(self._command(name), stdout=log, stderr=log)

    def run(self, name: str, *words: str) -> str:
        """Run a service to its end, or other words in its container, and return what was printed."""
        done = subprocess.run(self._command(name, *words), capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"
        return done.stdout

    def running(self, name: str) -> bool:
        """Whether a service that was started still runs."""
        return self._processes[name].poll() is None

    def await_health(self, name: str) -> None:
        """Wait until a service's own health check says that it is well."""
        kind, *words = self._services[name]["healthcheck"]["test"]
        self.await_success(name, *(["sh", "-c", words[0].replace("$$", "$")] if kind == "CMD-SHELL" else words))

    def await_success(self, name: str, *words: str, patience: float = 180) -> None:
        """Run words in a service's container until they succeed. The service must not end meanwhile."""
        deadline = time.monotonic() + patience
        while (done := subprocess.run(self._command(name, *words), capture_output=True, check=False)).returncode:
            said = f"{words}: {done.stderr[-2000:].decode()}\n{self.log(name).read_text()[-2000:]}"
            assert self.running(name), f"{name} ended: {said}"
            assert time.monotonic() < deadline, f"{name} is not well: {said}"
            time.sleep(1)

    def log(self, name: str) -> Path:
        """Where a service's output is."""
        return self._volumes / f"{name}.log"

    def stop(self) -> None:
        """Kill every service, and with it whatever it started: the first process of a namespace takes the others along.

        `unshare --kill-child` does not, once the child has become another user.
        """
        for process in reversed(self._processes.values()):
            if process.poll() is None:
                for first in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
                    os.kill(int(first), signal.SIGKILL)
                process.wait(10)

    def _command(self, name: str, *words: str) -> list[str]:
        service = self._services[name]
        ours = service["image"].startswith("tidemark-")
        written = (*service.get("entrypoint", ["tidemark"] if ours else []), *service.get("command", []))
        wanted = words or tuple(word.replace("$$", "$") for word in written)
        environment = {key: self._interpolated(str(value)) for key, value in service.get("environment", {}).items()}
        environment |= {"HOSTNAME": os.uname().nodename, "LANG": "C.UTF-8", "PATH": f"/opt/tidemark/bin:{_PATH}"}
        told = ["env", "-i", *(f"{key}={value}" for key, value in environment.items())]
        apart = ["ip", "netns", "exec", self._network, "unshare", "--mount", "--pid", "--fork", "--kill-child"]
        if not ours:
            own = ["sh", "-c", _DATABASE] if name == "postgres" and not words else wanted
            return [*apart, "chroot", str(self._root), *told, *own]
        image = self._images / service["image"].removeprefix("tidemark-")
        places = [str(self._root), str(image), str(self._volume(service))]
        return [*apart, "sh", "-c", _ENTER, name, *places, *told, *wanted]

    def _volume(self, service: dict[str, Any]) -> Path:
        volume = self._volumes / service.get("volumes", ["none:"])[0].partition(":")[0]
        if not volume.exists():
            volume.mkdir()
            os.chown(volume, USER, USER)
        return volume

    def _interpolated(self, value: str) -> str:
        return re.sub(r"\$\{(\w+)(?:(:?[-?])([^}]*))?\}", self._variable, value)

    def _variable(self, found: re.Match[str]) -> str:
        name, operator, word = found.groups()
        if name in self._settings:
            return self._settings[name]
        assert operator in {"-", ":-"}, f"{name} has no value: {word}"
        return str(word)


@contextmanager
def network(name: str) -> Iterator[str]:
    """Make a network in which only loopback is."""
    subprocess.run(["ip", "netns", "add", name], check=True)
    subprocess.run(["ip", "netns", "exec", name, "ip", "link", "set", "lo", "up"], check=True)
    try:
        yield name
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True)


def debian(root: Path) -> None:
    """Make what python:3.11-slim-bookworm has, with PostgreSQL, Redis, and the sources in /src."""
    packages = "ca-certificates,postgresql,python3-venv,redis-server"
    subprocess.run(["debootstrap", "--variant=minbase", f"--include={packages}", "bookworm", root], check=True)
    for name in ("etc/hosts", "etc/resolv.conf", "etc/ssl/certs/ca-certificates.crt"):
        shutil.copy(f"/{name}", root / name)
    with (root / "etc/hosts").open("a") as hosts:
        hosts.write(f"\n127.0.0.1 {' '.join(COMPOSE)}\n")
    (user,) = re.findall(r"^RUN (groupadd .*)$", RECIPE, re.MULTILINE)
    subprocess.run(["chroot", root, "sh", "-euc", user], check=True)
    for folder in ("opt/tidemark", "src"):
        (root / folder).mkdir()
    sources = "git ls-files -z | tar --null --files-from=- --create | tar --extract --directory"
    subprocess.run(f"{sources} {root}/src", shell=True, cwd=ROOT, check=True)


def install(root: Path, role: str, image: Path) -> None:
    """Do what the images' recipe does, so that `image` holds what a role's has in /opt/tidemark."""
    (step,) = re.findall(r"^RUN (deploy/images/install .*)$", RECIPE, re.MULTILINE)
    (copied,) = re.findall(r"^COPY (deploy/.+) (/opt/tidemark/\S+)$", RECIPE, re.MULTILINE)
    image.mkdir()
    passed = {name: value for name, value in os.environ.items() if re.match("(?i)PIP_|.*_proxy$", name)}
    told = [f"{name}={value}" for name, value in (passed | {"PATH": _PATH}).items()]
    script = f"cd /src && ROLE={role} && {step} && cp {' '.join(copied)}"
    command = ["unshare", "--mount", "sh", "-c", _BUILD, "build", root, image, *told, "sh", "-euc", script]
    subprocess.run(command, check=True)
