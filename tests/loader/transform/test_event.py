"""Every known event, whole and damaged, as it really came."""

import pytest

from tests.loader.transform.messages import line_of, sample, samples
from tidemark.archive.event_type import SALE
from tidemark.loader.transform.event import EVENTS
from tidemark.loader.transform.outcome import Other, Reason, Reject
from tidemark.loader.transform.read import read_line


@pytest.mark.parametrize(
    ("name", "event_type"),
    [
        ("collection_offer.2022.message.json", "collection_offer"),
        ("item_received_bid.2024.message.json", "item_received_bid"),
        ("trait_offer.2023.object-frame.json", "trait_offer"),
    ],
)
def test_a_whole_message_is_counted(name: str, event_type: str) -> None:
    assert read_line(sample(name)) == Other(event_type)


@pytest.mark.parametrize(
    ("name", "reason", "words"),
    [
        ("item_listed.2022.docs-example-cut.json", Reason.CUT, "payload.protocol_data.parameters has no offer"),
        ("item_transferred.2024.message-partly-elided.json", Reason.ELIDED, "payload.item.chain"),
        ("order_invalidate.2023.payload-only.json", Reason.NO_EVENT_TYPE, "pudgypenguins"),
    ],
)
def test_a_message_that_was_published_incomplete_is_refused(name: str, reason: Reason, words: str) -> None:
    reject = read_line(sample(name))
    assert isinstance(reject, Reject)
    assert reject.reason is reason
    assert words in reject.detail


def test_trimmed_messages_say_where_they_were_trimmed() -> None:
    rejects = [read_line(line) for line in samples("array-frames.2026.trimmed.jsonl")]
    assert rejects == [
        Reject("item_received_bid", Reason.CUT, "the message was cut: payload.protocol_data.parameters has no offer"),
        Reject("item_cancelled", Reason.CUT, "the message was cut: payload.payment_token has no address"),
        Reject("order_invalidate", Reason.CUT, "the message was cut: payload has no protocol_address"),
    ]


@pytest.mark.parametrize("event_type", sorted(EVENTS))
def test_a_message_of_a_known_type_without_its_payload_was_cut(event_type: str) -> None:
    reject = read_line(line_of({"event_type": event_type, "sent_at": "2026-09-09T10:18:41Z"}))
    assert reject == Reject(event_type, Reason.CUT, "the message was cut: it has no payload")


@pytest.mark.parametrize("event_type", sorted(EVENTS.keys() - {SALE}))
def test_a_message_of_a_known_type_with_an_empty_payload_was_cut(event_type: str) -> None:
    reject = read_line(line_of({"event_type": event_type, "payload": {}}))
    assert isinstance(reject, Reject)
    assert reject.reason is Reason.CUT
