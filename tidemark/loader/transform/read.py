"""Record line → outcome. Total: any bytes at all become a sale, another event or a reject, and nothing is raised.

Most lines are whole messages of a known type and take one typed decode. Whatever that refuses is read again, slowly:
it may be one of the rarer forms, or have optional parts that cannot be read, or there is a reason why it is rejected.
"""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import chain
from operator import attrgetter
from typing import Any

import msgspec
from msgspec import Raw, Struct, defstruct

from tidemark.archive.event_type import SALE, UNPARSED, UNTYPED, event_type_of
from tidemark.archive.record import EARLIEST, LATEST, ReceivedAt, Record, read_record, received_at_of
from tidemark.core.text import decode_deep
from tidemark.loader.transform.event import EVENTS, AnyEvent
from tidemark.loader.transform.events_api import TOPIC, ListedSale, events_api_facts
from tidemark.loader.transform.market import Market
from tidemark.loader.transform.order import ABSENT
from tidemark.loader.transform.outcome import ELISIONS, Other, Reason, Reject, UnfitError, decode, rejected
from tidemark.loader.transform.sale import Sale, sale_of
from tidemark.loader.transform.stream import ItemSold, stream_facts

Outcome = Sale | Other | Reject
_MISSING = re.compile(r"Object missing required field `(\w+)`(?: - at `\$\.?(.*)`)?")
_UNREADABLE = (msgspec.DecodeError, ValueError, OverflowError, RecursionError)


class Frame(Struct, gc=False):
    """What tells an envelope from an object frame of the documentation of 2022, whose payload is the envelope."""

    event_type: Raw = ABSENT
    payload: Raw = ABSENT
    sent_at: Raw = ABSENT


_Line: Any = defstruct("_Line", [("received_at", ReceivedAt), ("message", AnyEvent)], gc=False)
Found = Any  # a `_Line` of a sale that is still to be worked out, a `Sale` or a `Reject`
_line: msgspec.json.Decoder[Any] = msgspec.json.Decoder(_Line)
_frame = msgspec.json.Decoder(Frame)
_decoders: dict[str, msgspec.json.Decoder[Any]] = {name: msgspec.json.Decoder(shape) for name, shape in EVENTS.items()}
_listed: msgspec.json.Decoder[Any] = msgspec.json.Decoder(ListedSale)
_received_at = attrgetter("received_at")
_others = {shape: Other(name) for name, shape in EVENTS.items() if name != SALE}


def read_line(line: bytes) -> Outcome:
    """Say what one record line is; its newline may be there or not."""
    return _read(line)[0]


def _read(line: bytes) -> tuple[Outcome, Any]:
    """Return what a line is and, of another event that was decoded, the line."""
    try:
        message = _line.decode(line)
    except _UNREADABLE:
        return _read_slowly(line)
    if not EARLIEST <= message.received_at < LATEST:
        return _read_slowly(line)
    if other := _others.get(type(message.message)):
        return other, message
    return _sale(message.message, message.received_at, []), None


def scan(
    texts: Sequence[bytes | memoryview], count: int, market: Market
) -> tuple[Counter[str], list[tuple[int, Found]]]:
    """Read many lines, each ending in a newline; `texts` together have `count` of them.

    Returns the counts of other events by name, and with its place, from 0, whatever is none. `outcome_of` makes of each
    of those what `read_line` makes of the line alone. The other events go to `market`.
    """
    try:
        lines = list(chain.from_iterable(map(_line.decode_lines, texts)))
    except _UNREADABLE:
        lines = []
    if len(lines) != count or not _could_be_received(lines):  # one of them has to be read slowly, or is blank
        read = [_read(line) for line in b"".join(texts).split(b"\n")[:-1]]
        market.add([line for _, line in read if line is not None])
        others = Counter(outcome.event_type for outcome, _ in read if isinstance(outcome, Other))
        return others, [(place, found) for place, (found, _) in enumerate(read) if not isinstance(found, Other)]
    groups = market.add(lines)
    sold = enumerate(lines) if groups.pop(ItemSold, None) else ()
    sales = [(place, line) for place, line in sold if type(line.message) is ItemSold]
    return Counter({_others[kind].event_type: len(group) for kind, group in groups.items()}), sales


def outcome_of(found: Found) -> Sale | Reject:
    """Say what a line is that is no other event."""
    return _sale(found.message, found.received_at, []) if type(found) is _Line else found


def _could_be_received(lines: list[Any]) -> bool:
    times: list[datetime] = sorted(map(_received_at, lines))  # they nearly are, and then it is quicker than min and max
    return not times or (times[0] >= EARLIEST and times[-1] < LATEST)


def _sale(message: ItemSold | ListedSale, received_at: datetime, unreadable: list[str]) -> Sale | Reject:
    received_at = received_at.astimezone(UTC)
    try:
        if isinstance(message, ListedSale):
            return sale_of(events_api_facts(message, received_at, unreadable))
        return sale_of(stream_facts(message, received_at, unreadable))
    except UnfitError as unfit:
        return rejected(SALE, unfit.reason, unfit.detail)


def _read_slowly(line: bytes) -> tuple[Outcome, Any]:
    try:
        record = read_record(line)
    except _UNREADABLE as error:
        return rejected(UNPARSED, Reason.NOT_A_RECORD, f"the line is no record: {error}"), None
    event_type = event_type_of(record.message)
    if event_type == UNPARSED:
        frame = record.unparsed if record.unparsed is not None else f"(base64) {record.unparsed_base64}"
        return rejected(event_type, Reason.UNPARSED, f"the collector did not understand the frame: {frame[:120]}"), None
    if event_type == UNTYPED:
        start = bytes(record.message)[:120].decode(errors="replace")
        return rejected(event_type, Reason.NO_EVENT_TYPE, f"the message has no event_type: {start}"), None
    if event_type not in _decoders:
        return Other(event_type), None
    return _known(record, event_type)


def _known(record: Record, event_type: str) -> tuple[Outcome, Any]:
    """Decode a message of a known type, whatever frame it is in, or say why that cannot be done."""
    frame = decode_deep(_frame.decode, bytes(record.message))
    inner = bytes(record.message if bytes(frame.event_type) else frame.payload)
    decoder = _listed if event_type == SALE and record.topic == TOPIC else _decoders[event_type]
    unreadable: list[str] = []
    try:
        message = _decoded(decoder, inner, unreadable, keep=event_type == SALE)
    except UnfitError as unfit:
        return rejected(event_type, unfit.reason, unfit.detail), None
    except _UNREADABLE as error:
        return _refused(event_type, str(error), inner), None
    if not bytes(message.sent_at):
        message.sent_at = frame.sent_at
    if event_type != SALE:
        return _others[type(message)], _Line(received_at_of(record), message)
    return _sale(message, received_at_of(record), unreadable), None


def _decoded(decoder: msgspec.json.Decoder[Any], message: bytes, unreadable: list[str], *, keep: bool) -> Any:
    """Decode a message without what does not fit; unless `keep`, one without a whole payload is refused, too."""
    try:
        return decode_deep(decoder.decode, message)
    except msgspec.ValidationError as error:
        if not keep and _MISSING.fullmatch(str(error)):
            raise
        decoded = decode(decoder, message, unreadable)
        if not keep and decoded.payload is None:
            raise
        return decoded


def _refused(event_type: str, error: str, message: bytes) -> Reject:
    if any(elision in message for elision in ELISIONS):
        return rejected(event_type, Reason.ELIDED, f"a part was left out when the message was printed: {error}")
    if missing := _MISSING.fullmatch(error):
        field, place = missing.groups()
        return rejected(event_type, Reason.CUT, f"the message was cut: {place or 'it'} has no {field}")
    return rejected(event_type, Reason.MALFORMED, error)
