"""The types of events, and the name under which a message is counted, in manifests and in the load's balance alike."""

import re

import msgspec

from tidemark.core.text import decode_deep, decode_with_lone_surrogates

EVENT_TYPES = (
    "collection_offer",
    "item_cancelled",
    "item_listed",
    "item_metadata_updated",
    "item_received_bid",
    "item_received_offer",
    "item_sold",
    "item_transferred",
    "order_invalidate",
    "order_revalidate",
    "trait_offer",
)
"""What the stream sends; a message of another type is kept and counted all the same."""
SALE = "item_sold"
UNPARSED = "unparsed"
UNTYPED = "untyped"
OTHER = "other"
_NAME = re.compile(rb"[a-z][a-z0-9_]{0,47}")


class _Typed(msgspec.Struct):
    event_type: msgspec.Raw = msgspec.Raw(b"")


class _Envelope(_Typed):
    payload: msgspec.Raw = msgspec.Raw(b"")


_envelope = msgspec.json.Decoder(_Envelope)
_inner = msgspec.json.Decoder(_Typed)


def counted_type(name: bytes | msgspec.Raw) -> str:
    """Return the counting name of an `event_type`, given as its JSON text.

    A name that no server would send is counted as `other`, so that hostile messages cannot grow a manifest
    with names; an absent one as `untyped`.
    """
    text = bytes(name)
    if not text or text == b"null":
        return UNTYPED
    if b"\\" in text:  # the same name may be written with escapes
        try:
            text = msgspec.json.encode(msgspec.json.decode(text))
        except (ValueError, RecursionError):  # no UTF-8, a lone surrogate, nested without end
            return OTHER
    inner = text[1:-1]
    return inner.decode() if _NAME.fullmatch(inner) and text[:1] == b'"' else OTHER


def event_type_of(message: bytes | msgspec.Raw) -> str:
    """Return the counting name of a message; an empty one is a frame that was not understood.

    An object frame without a topic (documentation of 2022) is kept whole, and its envelope is its payload.
    Never raises.
    """
    if not bytes(message):
        return UNPARSED
    try:
        envelope = decode_with_lone_surrogates(_envelope.decode, bytes(message))
        if not bytes(envelope.event_type) and bytes(envelope.payload).startswith(b"{"):
            return counted_type(decode_deep(_inner.decode, bytes(envelope.payload)).event_type)
        return counted_type(envelope.event_type)
    except (msgspec.DecodeError, RecursionError):
        return UNTYPED
