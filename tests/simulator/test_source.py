from datetime import UTC, datetime
from pathlib import Path

import pytest

from tidemark.core.errors import Problem
from tidemark.simulator.market.market import Market
from tidemark.simulator.options import Options
from tidemark.simulator.source import Recording, source_of

NOW = datetime(2026, 11, 22, 15, tzinfo=UTC)


def test_a_recording_gives_its_lines_once(tmp_path: Path) -> None:
    (tmp_path / "recording.jsonl").write_bytes(b'{"event_type":"item_sold","payload":{}}\n\ngarbage\n')
    recording = source_of(Options(ledger=tmp_path, keys={}, recording=tmp_path / "recording.jsonl"))
    recording.prepare(10_000, NOW)
    sent = [message.event_type for message in iter(lambda: recording.next(NOW), None)]
    assert sent == ["item_sold", "unparsed"]
    assert recording.next(NOW) is None


def test_a_recording_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="No such file"):
        Recording(tmp_path / "nothing.jsonl")


def test_without_a_recording_there_is_a_market(tmp_path: Path) -> None:
    assert isinstance(source_of(Options(ledger=tmp_path, keys={})), Market)
