"""What `tidemark up` leaves for `down`, `status` and the person: one file with what runs, where, and restarts."""

import shlex
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import psutil

ENVIRONMENT = "environment"
_NAME = "state.json"
_LONGEST_DELAY = 60.0


class Restart(msgspec.Struct, frozen=True):
    """The restarts of one part: how many, when the last one was (seconds since 1970), and the delay before it."""

    count: int
    at: float
    delay: float = 0.0


def is_due(last: Restart | None, now: float) -> bool:
    """Tell whether a part that has ended may be started again: at once, and later each time while it keeps ending."""
    return last is None or now >= last.at + _next_delay(last, now)


def restarted(last: Restart | None, now: float) -> Restart:
    """Return the restarts of a part after one more."""
    return Restart(1, now) if last is None else Restart(last.count + 1, now, _next_delay(last, now))


def _next_delay(last: Restart, now: float) -> float:
    """Return 2, 4, 8 … 60 seconds; 0 when the part ran for longer than the longest delay."""
    return 0.0 if now - last.at > _LONGEST_DELAY + last.delay else min(max(2.0, last.delay * 2), _LONGEST_DELAY)


class State(msgspec.Struct, frozen=True, kw_only=True):
    """A system that was brought up.

    `pid` and `created` (seconds since 1970) identify its supervisor; `environment` is what the other verbs need to
    reach it, `settings` what it was started with, `restarts` which parts had ended. It holds passwords, so only its
    owner may read the file.
    """

    pid: int
    created: float
    source: str
    folder: str
    collectors: tuple[str, ...]
    ui: str
    page: str
    username: str
    password: str
    environment: dict[str, str]
    settings: dict[str, str] = {}
    restarts: dict[str, Restart] = {}

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
    """Write the state atomically."""
    part = folder / f"{_NAME}.part"
    part.touch(mode=0o600)
    part.write_bytes(msgspec.json.format(msgspec.json.encode(state), indent=1))
    part.rename(folder / _NAME)


def write_environment(file: Path, environment: dict[str, str]) -> None:
    """Write the file that a shell reads with `. FILE` to reach the system."""
    file.touch(mode=0o600)
    file.write_text("".join(f"export {name}={shlex.quote(value)}\n" for name, value in environment.items()))


def stored_state(folder: Path) -> State | None:
    """Return the state that was written last, also when its supervisor has been killed."""
    try:
        return msgspec.json.decode((folder / _NAME).read_bytes(), type=State)
    except (FileNotFoundError, msgspec.DecodeError):  # none, or one of another version
        return None


def read_state(folder: Path) -> State | None:
    """Return the state of the system in a folder, or None when none is up there."""
    state = stored_state(folder)
    return state if state and state.supervisor else None


def forget_state(folder: Path) -> None:
    """Remove the file of a system that stops."""
    (folder / _NAME).unlink(missing_ok=True)


def differences(state: State, settings: dict[str, str], ui_port: int) -> list[str]:
    """Return in which settings a running system differs from those of a new start; `ui_port` 0 is any port."""
    names = sorted(settings.keys() | state.settings.keys())
    found = [
        f"{name}: running with {state.settings.get(name, 'the default')}, now {settings.get(name, 'the default')}"
        for name in names
        if state.settings.get(name) != settings.get(name)
    ]
    port = urlsplit(state.ui).port
    return found + ([f"--port: running with {port}, now {ui_port}"] if ui_port not in (0, port) else [])
