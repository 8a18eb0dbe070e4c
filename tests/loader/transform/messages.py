"""Real messages as record lines, and real sales with something changed."""

import json
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import strategies as st

from tidemark.archive.record import record_line
from tidemark.loader.transform.outcome import Reject
from tidemark.loader.transform.read import read_line
from tidemark.loader.transform.sale import Sale

FIXTURES = Path(__file__).parents[2] / "fixtures"
RECEIVED = "2026-11-22T15:04:05.123456Z"
GONE = object()


PRICES = ("price", "unit_price", "price_usd", "price_eth")


def columns_of(sale: Sale) -> dict[str, Any]:
    """The columns of `core.sale` that a message decides."""
    return {name: getattr(sale, name) for name in (*Sale.__struct_fields__, *PRICES)}


class ObjectFrame(msgspec.Struct):
    payload: msgspec.Raw
    topic: str | None = None


def recorded(frame: bytes) -> bytes:
    """The record line of a frame, or of a message without one."""
    if frame.lstrip().startswith(b"["):
        parts = msgspec.json.decode(frame, type=list[msgspec.Raw])
        return record_line(RECEIVED, json.loads(bytes(parts[2])), bytes(parts[4]))
    held = msgspec.json.decode(frame, type=ObjectFrame) if b'"payload"' in frame else ObjectFrame(msgspec.Raw(b""))
    message = bytes(held.payload) if held.topic else frame
    return record_line(RECEIVED, held.topic, message)


def sample(name: str) -> bytes:
    """The record line of a sample that is one message."""
    return recorded((FIXTURES / "stream" / name).read_bytes())


def samples(name: str) -> list[bytes]:
    """The record lines of a sample that has a frame on each line."""
    return [recorded(frame) for frame in (FIXTURES / "stream" / name).read_bytes().splitlines()]


def line_of(message: object, topic: str | None = "collection:*") -> bytes:
    return record_line(RECEIVED, topic, json.dumps(message).encode())


def sold(**changes: object) -> dict[str, Any]:
    """The real sale of 2023, with fields of its payload changed; those that are `GONE` are taken away."""
    message: dict[str, Any] = json.loads((FIXTURES / "stream/item_sold.2023.object-frame.json").read_bytes())["payload"]
    message["payload"] = changed(message["payload"], changes)
    return message


def changed(fields: dict[str, Any], changes: dict[str, object]) -> dict[str, Any]:
    return {name: value for name, value in (fields | changes).items() if value is not GONE}


def sale_of(message: object) -> Sale:
    outcome = read_line(line_of(message))
    assert isinstance(outcome, Sale), outcome
    return outcome


def reject_of(message: object) -> Reject:
    outcome = read_line(line_of(message))
    assert isinstance(outcome, Reject), outcome
    return outcome


def listed(number: int = 0, /, **changes: object) -> dict[str, Any]:
    """A real sale of the Events API, with fields changed, as a repair archives it."""
    text = (FIXTURES / "events_api/sales.2025.jsonl").read_text().splitlines()[number]
    return {
        "event_type": "item_sold",
        "source": "events_api",
        "sent_at": "2026-11-22T15:03:00Z",
        "payload": changed(json.loads(text), changes),
    }


numbers = st.integers() | st.integers(2**62, 2**260) | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(max_size=12) | st.sampled_from(["", "0", "1e5", "1.5", "[Object]", "ethereum/0xabc/1", "0xAB", "\0"])
scalars = st.none() | st.booleans() | numbers | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
)


def places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place in a JSON value, its own included."""
    inner: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, held in inner for place in places(held, (*path, key)))]


def put(value: Any, path: tuple[str | int, ...], new: object) -> Any:
    """The value with another one at a place."""
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = put(value[path[0]], path[1:], new)
    return copy
