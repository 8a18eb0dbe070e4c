import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemark.archive.event_type import UNPARSED
from tidemark.core.errors import Problem
from tidemark.simulator.market.market import Market
from tidemark.simulator.message import SaleKey
from tidemark.simulator.options import Options
from tidemark.simulator.recording import Recording, read_recorded
from tidemark.simulator.server import source_of

SAMPLES = Path(__file__).parents[1] / "fixtures" / "stream"
PAYLOAD = {
    "collection": {"slug": "seals"},
    "item": {"nft_id": "base/0xab/7"},
    "order_hash": "0x5",
    "transaction": {"hash": "0x9"},
}
ENVELOPE = json.dumps({"event_type": "item_sold", "sent_at": "2026", "payload": PAYLOAD}).encode()
SALE = SaleKey("base", "0x9", "0xab", "7", "0x5")


def test_an_envelope_is_put_into_a_frame_of_each_subscription() -> None:
    message = read_recorded(ENVELOPE + b"\n")
    assert (message.event_type, message.slug, message.sale) == ("item_sold", "seals", SALE)
    assert (message.body, message.frame) == (ENVELOPE, None)


@pytest.mark.parametrize(
    "frame",
    [
        b'["1", null,"collection:*", "item_sold", ' + ENVELOPE + b"]",
        b'{"event":"item_sold","payload":' + ENVELOPE + b',"ref":null,"topic":"collection:*"}',
    ],
)
def test_a_frame_is_sent_unchanged(frame: bytes) -> None:
    message = read_recorded(frame)
    assert (message.event_type, message.slug, message.sale) == ("item_sold", "seals", SALE)
    assert (message.body, message.frame) == (ENVELOPE, frame)


def test_the_documentation_s_frame_is_its_own_message() -> None:
    inner = json.dumps({"event_type": "item_sold", "payload": PAYLOAD})
    frame = f'{{"event":"item_sold","sent_at":"2022","payload":{inner}}}'.encode()
    message = read_recorded(frame)
    assert (message.event_type, message.slug, message.sale) == ("item_sold", "seals", SALE)
    assert (message.body, message.frame) == (frame, frame)


@pytest.mark.parametrize("cut", [{}, {"item": {"nft_id": "base/0xab"}}, {"item": None}, {"transaction": {}}])
def test_a_sale_that_was_cut_is_sent_without_its_identity(cut: dict[str, object]) -> None:
    payload = {"collection": {"slug": "seals"}, **cut}
    message = read_recorded(json.dumps({"event_type": "item_sold", "payload": payload}).encode())
    assert (message.event_type, message.slug, message.sale) == ("item_sold", "seals", None)


def test_an_absent_order_hash_is_empty() -> None:
    payload = PAYLOAD | {"order_hash": None}
    message = read_recorded(json.dumps({"event_type": "item_sold", "payload": payload}).encode())
    assert message.sale == SaleKey("base", "0x9", "0xab", "7", "")


@given(st.binary())
def test_anything_else_is_sent_unchanged_to_every_subscription(line: bytes) -> None:
    message = read_recorded(line)
    assert (message.event_type, message.slug, message.sale) == (UNPARSED, None, None)
    assert message.body == message.frame == line.strip()


def test_real_frames_are_understood() -> None:
    lines = (SAMPLES / "array-frames.2026.trimmed.jsonl").read_bytes().splitlines()
    messages = [read_recorded(line) for line in lines]
    assert [message.event_type for message in messages] == ["item_received_bid", "item_cancelled", "order_invalidate"]
    assert {message.slug for message in messages} == {"argonauts"}
    assert [message.frame for message in messages] == lines


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
        Recording.open(tmp_path / "nothing.jsonl")


def test_without_a_recording_there_is_a_market(tmp_path: Path) -> None:
    assert isinstance(source_of(Options(ledger=tmp_path, keys={})), Market)
