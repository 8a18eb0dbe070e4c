"""From a spool that the collector's own code writes to a real HTTP server, across restarts."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import SecretStr

from collector.status import Status
from tests.collector.test_status import WELL
from tests.live.events import received_again, sale_line
from tests.live.hooks import Chat, chat
from tests.live.test_spool import Writer
from tidemark.core.errors import Problem
from tidemark.live.notice import GapState, GapWatch, Limiter, MarketWatch
from tidemark.live.notify import Notifier, default_file, read_kept
from tidemark.live.spool import SpoolTail
from tidemark.live.webhook import Webhook

ETH = 10**18


class Scene:
    """A spool, a chat, and a notifier that can be restarted; time passes by hand."""

    def __init__(self, root: Path, server: Chat) -> None:
        self.writer = Writer(root / "spool")
        self.server = server
        self.file = root / "state" / "notify.json"
        self.root = root / "spool"
        self.now = 0.0
        self.status: Status | None = Status(**WELL)
        self.restart()

    def restart(self, most: int = 10, *, gaps: bool = True) -> None:
        webhook = Webhook(SecretStr(self.server.address), lambda _: None, lambda _: None)
        kept = read_kept(self.file)
        follower = SpoolTail.open(self.root, kept.position if kept else None)
        watch = GapWatch(kept.gaps if kept else GapState()) if gaps else None
        self.notifier = Notifier(
            follower, MarketWatch(Decimal(10), 3), watch, Limiter(most), webhook.send, self.file, kept
        )

    def sell(self, *eths: int, transaction: str = "0xt") -> None:
        lines = b"".join(sale_line(eth * ETH, transaction, f"Cat {eth}") for eth in eths)
        self.writer.segments.write(self.writer.hour, lines, retry=False)

    def round(self, seconds: float = 5.0) -> list[str]:
        """Let a round pass, and one more for sweeps; return what the chat was told since."""
        before = len(self.server.taken)
        for _ in range(2):
            self.notifier.round(lambda: self.status, lambda: self.now)
            self.now += seconds
        return self.server.texts[before:]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with chat() as server:
        yield Scene(tmp_path, server)


def test_sales_sweeps_and_gaps_are_told(scene: Scene) -> None:
    scene.sell(1, 12)
    (sale,) = scene.round()
    assert sale.startswith("Sale: Cat 12 of ")
    assert " for 12 ETH (" in sale
    scene.sell(1, 2, 3, transaction="0xsweep")
    (sweep,) = scene.round()
    assert sweep.startswith("Sweep: 3 NFTs for 6.0000 ETH")
    scene.status = None
    assert scene.round() == ["Gap: the collector does not run or does not answer"]
    scene.status = Status(**WELL)
    assert scene.round()[0].startswith("Recording again after about")


@pytest.mark.parametrize("topic", ["collection:*", "collection:cats"])
def test_a_message_of_two_connections_or_topics_is_told_once_and_is_no_sweep(scene: Scene, topic: str) -> None:
    lines = [sale_line(11 * ETH, "0xtwo", f"Cat {number}") for number in range(2)]
    doubled = b"".join(line + received_again(line, topic) for line in lines)
    scene.writer.segments.write(scene.writer.hour, doubled, retry=False)
    assert [text[:11] for text in scene.round()] == ["Sale: Cat 0", "Sale: Cat 1"]
    # the other connection may be two minutes behind
    later = received_again(lines[0], topic)
    scene.now += 100
    scene.writer.segments.write(scene.writer.hour, later, retry=False)
    assert scene.round() == []


def test_a_restart_goes_on_where_everything_was_sent(scene: Scene) -> None:
    scene.sell(11)
    assert len(scene.round()) == 1
    scene.sell(12)
    scene.writer.rotate()
    scene.sell(13)
    scene.restart()
    assert [text.split()[2] for text in scene.round()] == ["12", "13"]
    scene.restart()
    assert scene.round() == []


def test_a_gap_is_told_once_across_restarts(scene: Scene) -> None:
    scene.status = None
    assert len(scene.round()) == 1
    scene.restart()
    assert scene.round() == []
    scene.status = Status(**WELL)
    assert scene.round()[0].startswith("Recording again after about 20 s")


def test_a_gap_between_two_runs_is_told_by_the_second(scene: Scene) -> None:
    scene.round()
    scene.status = Status(**{**WELL, "gap_seconds": {"connecting": 0.5, "lagging": 9.0}})
    scene.restart()
    assert scene.round() == ["Gap of 9.0 s, over; reasons since the start: connecting, lagging"]
    scene.status = Status(**{**WELL, "started_at": "2026-11-22T14:30:00.000000Z"})
    scene.restart()
    assert scene.round() == [
        "Gap, over: the collector was started again at 2026-11-22T14:30:00 UTC, and 0.5 s since then are not covered"
    ]
    scene.restart()
    assert scene.round() == []


def test_a_run_without_gaps_forgets_none(scene: Scene) -> None:
    scene.status = None
    scene.round()
    scene.restart(gaps=False)
    scene.sell(11)
    assert len(scene.round()) == 1
    scene.restart()
    assert scene.round() == []
    scene.status = Status(**WELL)
    assert scene.round()[0].startswith("Recording again after about")


def test_what_was_not_taken_before_a_kill_is_told_after_it(scene: Scene) -> None:
    scene.round()
    scene.sell(11)
    scene.server.script = [(404, {})]
    with pytest.raises(Problem, match="refused a message"):
        scene.round()
    scene.restart()
    assert [text.split()[2] for text in scene.round()] == ["11"]


def test_a_flood_is_one_summary_and_nothing_is_left_out(scene: Scene) -> None:
    scene.restart(most=3)
    scene.sell(*range(11, 31))
    texts = scene.round(0.0)
    assert len(texts) == 3
    assert texts[-1].startswith("Held back, more than 3 a minute: 18 sales. The last: Sale: Cat 30")


def test_a_sweep_that_goes_on_across_a_restart_is_told(scene: Scene) -> None:
    scene.round()
    scene.sell(1, 2, transaction="0xsweep")
    scene.notifier.round(lambda: scene.status, lambda: scene.now)
    scene.restart()
    scene.sell(3, transaction="0xsweep")
    (sweep,) = scene.round()
    assert sweep.startswith("Sweep: 3 NFTs")


def test_a_segment_that_was_removed_unread_is_told(scene: Scene) -> None:
    scene.sell(1)
    scene.round()
    scene.writer.rotate()
    scene.sell(2)
    (scene.root / "sealed" / "20261122T15.0001.jsonl").unlink()
    scene.restart()
    assert scene.round() == ["The segment 20261122T15.0001.jsonl was removed before notices were read from it"]


def test_a_damaged_position_is_a_clear_message(tmp_path: Path) -> None:
    file = tmp_path / "notify.json"
    assert read_kept(file) is None
    file.write_text("{}")
    with pytest.raises(Problem, match="cannot be read"):
        read_kept(file)


def test_each_spool_webhook_and_choice_of_rules_has_its_own_file_in_the_folder_for_state(tmp_path: Path) -> None:
    state = {"STATE_DIRECTORY": "/var/lib/a:/b"}
    files = {
        default_file(tmp_path / spool, SecretStr(f"https://x/{hook}"), rules, state)
        for spool in "ab" for hook in "cd" for rules in (["sale"], ["gaps"], ["sale", "gaps"])
    }  # fmt: skip
    assert len(files) == 12
    assert {file.parent for file in files} == {Path("/var/lib/a")}
    assert default_file(tmp_path, SecretStr("x"), [], {"XDG_STATE_HOME": "/x"}).parent == Path("/x/tidemark")


def test_the_position_is_written_only_when_it_changed(scene: Scene) -> None:
    scene.sell(1)
    scene.round()
    scene.file.unlink()
    scene.round()
    assert not scene.file.exists()
