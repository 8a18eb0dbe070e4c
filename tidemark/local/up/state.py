"""What `tidemark up` leaves for `down`, `status` and the person: one file that says what runs and where."""

import shlex
from pathlib import Path

import msgspec
import psutil

ENVIRONMENT = "environment"
_NAME = "state.json"


class State(msgspec.Struct, frozen=True, kw_only=True):
    """A system that was brought up.

    `pid` and `created` (seconds since 1970) identify its supervisor; `environment` is what the other verbs need to
    reach it. It holds passwords, so only its owner may read the file.
    """

    pid: int
    created: float
    source: str
    folder: str
    collectors: tuple[str, ...]
    ui: str
    username: str
    password: str
    environment: dict[str, str]

    @property
    def supervisor(self) -> psutil.Process | None:
        """The process that keeps the system up, or None when it is gone."""
        try:
            process = psutil.Process(self.pid)
        except psutil.NoSuchProcess:
            return None
        alive = process.create_time() == self.created and process.status() != psutil.STATUS_ZOMBIE
        return process if alive else None


def write_state(folder: Path, state: State) -> None:
    """Write the state whole or not at all."""
    part = folder / f"{_NAME}.part"
    part.touch(mode=0o600)
    part.write_bytes(msgspec.json.format(msgspec.json.encode(state), indent=1))
    part.rename(folder / _NAME)


def write_environment(file: Path, environment: dict[str, str]) -> None:
    """Write what a shell reads with `. FILE` to reach the system."""
    file.touch(mode=0o600)
    file.write_text("".join(f"export {name}={shlex.quote(value)}\n" for name, value in environment.items()))


def read_state(folder: Path) -> State | None:
    """Return the state of the system in a folder, or None when none is up there."""
    try:
        state = msgspec.json.decode((folder / _NAME).read_bytes(), type=State)
    except FileNotFoundError:
        return None
    return state if state.supervisor else None


def forget_state(folder: Path) -> None:
    """Remove the file of a system that ends."""
    (folder / _NAME).unlink(missing_ok=True)
