"""From the spool to the webhook: each round reads what is new, sends what is worth it and keeps the position."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import msgspec
from pydantic import SecretStr

from collector.status import Status
from tidemark.core.errors import Problem
from tidemark.live.market import event_of
from tidemark.live.notice import GapState, GapWatch, Limiter, MarketWatch, Notice
from tidemark.live.seen import Seen
from tidemark.live.spool import Position, SpoolTail
from tidemark.storage.files import write_atomic


class Kept(msgspec.Struct, frozen=True):
    """What a restart needs: up to where everything was sent, and what was known of gaps then."""

    position: Position
    gaps: GapState = GapState()


def read_kept(file: Path) -> Kept | None:
    """Return what an earlier run kept, None where there is none. Raises Problem where it is damaged."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Kept)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError):
        raise Problem(f"the position file {file} cannot be read",
                      "Remove it; notices then begin with what comes next") from None  # fmt: skip


def default_file(spool: Path, webhook: SecretStr, rules: Iterable[str], environ: Mapping[str, str]) -> Path:
    """Return where a position is kept: in the service's folder for state, or the person's.

    Each webhook and each choice of rules has a place of its own in a spool, for one may be behind the other.
    """
    parts = (str(spool.resolve()), webhook.get_secret_value(), *sorted(rules))
    name = f"notify-{sha256(chr(0).join(parts).encode()).hexdigest()[:12]}.json"
    if service := environ.get("STATE_DIRECTORY"):
        return Path(service.partition(":")[0]) / name
    state = environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "tidemark" / name


@dataclass(slots=True)
class Notifier:
    """The parts of `tidemark notify`. `gaps` is None where gaps are of no interest, `kept` what an earlier run kept."""

    follower: SpoolTail
    market: MarketWatch
    gaps: GapWatch | None
    limiter: Limiter
    send: Callable[[str], None]
    file: Path
    kept: Kept | None = None
    _seen: Seen = field(default_factory=Seen)

    @property
    def busy(self) -> bool:
        """Whether something is not reported yet: a transaction may go on, or messages are held back."""
        return self.market.waiting or self.limiter.holding

    def round(self, status: Callable[[], Status | None], clock: Callable[[], float]) -> None:
        """Send what has happened since the last round. The position is kept only when all before it was sent."""
        for notice in self._notices(status, clock):
            if passed := self.limiter.pass_on(notice, clock()):
                self.send(passed.text)
        if summary := self.limiter.summary(clock()):
            self.send(summary.text)
        if not self.busy:
            self._keep()

    def _notices(self, status: Callable[[], Status | None], clock: Callable[[], float]) -> Iterator[Notice]:
        if self.gaps:
            yield from self.gaps.look(status(), clock())
        for part in self.follower.read():
            for line in self._seen.new(part, clock()):
                if event := event_of(line):
                    yield from self.market.take(event, clock())
        for name in self.follower.missing:
            yield Notice("gap", f"The segment {name} was removed before notices were read from it")
        self.follower.missing.clear()
        yield from self.market.due(clock())

    def _keep(self) -> None:
        before = self.kept.gaps if self.kept else GapState()
        kept = Kept(self.follower.position, self.gaps.state if self.gaps else before)
        if kept == self.kept:
            return
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(self.file, lambda file: file.write(msgspec.json.encode(kept)))
        except OSError as error:
            raise Problem(f"the position cannot be kept in {self.file}: {error.strerror}",
                          "Choose another --position") from error  # fmt: skip
        self.kept = kept
