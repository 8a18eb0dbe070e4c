"""What may be claimed, rule by rule, with times given by hand."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from collector.stream.frame import Frame, read_frame, sent_at
from collector.stream.proof import MARGIN, Covered, Proof, Proven, Uncovered
from collector.stream.rate import Rate
from tidemark.archive.reasons import Reason

ALL, CATS, DOGS = "collection:*", "collection:cats", "collection:dogs"


def lag_of(frame: Frame, received: float) -> float | None:
    sent = sent_at(frame)
    return received - sent.timestamp() if sent else None


class Claims:
    """The machine, and what it claims now: per connection and topic, since when; and each connection's proof."""

    def __init__(self, rates: dict[str, Rate] | None = None) -> None:
        self.proof = Proof(lag_of, rates)
        self.now = 0.0
        self.covered: dict[tuple[int, str], float] = {}
        self.ended: list[Uncovered] = []
        self.proven: dict[int, float] = {}

    def take(self) -> None:
        for claim in self.proof.take_claims():
            match claim:
                case Covered(connection, topic, since):
                    self.covered[connection, topic] = since
                case Uncovered(connection, topic, _, _):
                    del self.covered[connection, topic]
                    self.ended.append(claim)
                case Proven(connection, until):
                    self.proven[connection] = until

    def join(self, connection: int, *topics: str) -> None:
        for topic in topics:
            self.proof.joined(connection, topic, self.now)
        self.take()

    def hear(self, connection: int, topic: str, *, lag: float = 0.05, slug: str = "", count: int = 1) -> None:
        sent = datetime.fromtimestamp(self.now - lag, UTC).isoformat()
        message = {"sent_at": sent, "payload": {"collection": {"slug": slug}, "at": self.now}}
        frame = read_frame(json.dumps([None, None, topic, "item_listed", message]).encode())
        self.proof.heard(connection, [frame] * count, self.now)
        self.take()

    def pass_time(self, seconds: float, **flows: tuple[int, str]) -> None:
        """Let time pass in steps of a tenth; each flow brings ten messages a second to a topic of a connection."""
        for _ in range(round(seconds * 10)):
            self.now = round(self.now + 0.1, 6)
            for connection, topic in flows.values():
                self.hear(connection, topic)
            self.proof.tick(self.now)
            self.take()


def test_a_join_covers_and_messages_prove_up_to_the_margin() -> None:
    claims = Claims()
    claims.join(1, ALL)
    claims.pass_time(2, flow=(1, ALL))
    assert claims.covered == {(1, ALL): 0.0}
    assert claims.proven == {1: pytest.approx(2 - MARGIN)}


def test_a_heartbeat_proves_a_quiet_topic() -> None:
    claims = Claims()
    claims.join(1, ALL)
    claims.pass_time(30)
    claims.proof.answered(1, 30.0, 30.125)
    claims.proof.tick(30.2)
    claims.take()
    assert claims.proven == {1: 30.125 - 0.125 - MARGIN}
    assert claims.covered


def test_heartbeats_and_other_topics_prove_nothing_of_a_topic_whose_silence_is_implausible() -> None:
    claims = Claims()
    claims.join(1, CATS, DOGS)
    claims.pass_time(60, cats=(1, CATS), dogs=(1, DOGS))
    claims.pass_time(3, dogs=(1, DOGS))
    claims.proof.answered(1, claims.now, claims.now)
    assert claims.ended == [Uncovered(1, CATS, pytest.approx(60 - MARGIN), Reason.UNPROVEN)]
    assert set(claims.covered) == {(1, DOGS)}
    claims.hear(1, CATS)
    assert claims.covered[1, CATS] == claims.now


def test_a_message_that_ends_an_implausible_silence_makes_it_a_gap() -> None:
    claims = Claims()
    claims.join(1, ALL)
    claims.pass_time(60, flow=(1, ALL))
    claims.now += 40
    claims.hear(1, ALL)
    assert claims.ended == [Uncovered(1, ALL, pytest.approx(60 - MARGIN), Reason.UNPROVEN)]
    assert claims.covered == {(1, ALL): 100.0}


def test_silence_goes_on_being_a_gap_over_reconnections_but_asks_for_only_one() -> None:
    claims = Claims()
    claims.join(1, ALL)
    claims.pass_time(120, flow=(1, ALL))
    claims.pass_time(61)
    assert claims.proof.wants_renewal(1, claims.now, 60) is Reason.STALLED
    claims.proof.ended(1, Reason.STALLED, claims.now)
    claims.take()
    claims.join(2, ALL)
    assert claims.covered == {}
    claims.pass_time(1000)
    assert claims.covered == {}
    assert claims.proof.wants_renewal(2, claims.now, 60) is None
    claims.hear(2, ALL)
    assert claims.covered == {(2, ALL): claims.now}


def test_the_rates_of_the_process_before_are_used() -> None:
    claims = Claims()
    claims.join(1, ALL)
    claims.pass_time(120, flow=(1, ALL))
    after = Claims(claims.proof.rates())
    after.join(1, ALL)
    after.pass_time(3)
    assert after.covered == {}


def test_a_topic_that_never_brought_anything_is_covered() -> None:
    claims = Claims()
    claims.join(1, ALL)
    for _ in range(100):
        claims.pass_time(30)
        claims.proof.answered(1, claims.now, claims.now)
    assert claims.covered == {(1, ALL): 0.0}
    assert claims.ended == []
    assert claims.proof.wants_renewal(1, claims.now, 60) is None


def test_what_a_connection_proved_ends_one_lag_before_its_last_proof() -> None:
    claims = Claims()
    claims.join(1, ALL)
    claims.pass_time(30, flow=(1, ALL))
    for _ in range(30):
        claims.now += 0.1
        claims.hear(1, ALL, lag=8.05)
    claims.hear(1, ALL, lag=7.55)
    last = claims.now
    claims.proof.ended(1, Reason.CONNECTION_LOST, claims.now + 0.05)
    claims.take()
    assert claims.ended == [Uncovered(1, ALL, pytest.approx(last - 8 - MARGIN), Reason.CONNECTION_LOST)]


@pytest.mark.parametrize("lag", [-100.0, 1e6])
def test_a_lag_beyond_all_reason_is_that_of_no_queue(lag: float) -> None:
    claims = Claims()
    claims.join(1, ALL)
    claims.pass_time(30, flow=(1, ALL))
    claims.hear(1, ALL, lag=lag)
    claims.proof.ended(1, Reason.CONNECTION_LOST, claims.now)
    claims.take()
    assert claims.ended == [Uncovered(1, ALL, pytest.approx(30 - MARGIN), Reason.CONNECTION_LOST)]


def test_at_its_end_a_connection_proves_a_topic_only_while_it_was_hardly_silent() -> None:
    claims = Claims()
    claims.join(1, CATS, DOGS)
    claims.pass_time(60, cats=(1, CATS), dogs=(1, DOGS))
    claims.pass_time(0.6, dogs=(1, DOGS))
    claims.proof.ended(1, Reason.CLOSED_BY_SERVER, claims.now)
    claims.take()
    assert {claim.topic: claim.proof for claim in claims.ended} == {
        CATS: pytest.approx(60 - MARGIN),
        DOGS: pytest.approx(60.6 - MARGIN),
    }


def test_what_one_connection_brings_and_the_other_does_not_makes_the_silent_one_a_gap() -> None:
    claims = Claims()
    claims.join(1, ALL)
    claims.join(2, ALL)
    for connection in (1, 2):
        claims.hear(connection, ALL)
    for _ in range(6):
        claims.pass_time(1)
        claims.hear(1, ALL)
    assert claims.ended == [Uncovered(2, ALL, pytest.approx(-MARGIN), Reason.SILENT)]
    assert set(claims.covered) == {(1, ALL)}


def test_a_slug_beside_all_collections_is_their_witness() -> None:
    claims = Claims()
    claims.join(1, ALL, CATS)
    for _ in range(8):
        claims.pass_time(1)
        claims.hear(1, CATS)
    assert [(claim.topic, claim.reason) for claim in claims.ended] == [(ALL, Reason.SILENT)]


def test_all_collections_are_the_witness_of_a_slug_beside_them() -> None:
    claims = Claims()
    claims.join(1, ALL, CATS, DOGS)
    for _ in range(8):
        claims.pass_time(1)
        claims.hear(1, ALL, slug="cats")
    assert [(claim.topic, claim.reason) for claim in claims.ended] == [(CATS, Reason.SILENT)]


def test_lag_that_grows_asks_for_another_connection() -> None:
    claims = Claims()
    claims.join(1, ALL)
    claims.pass_time(20, flow=(1, ALL))
    asked: list[Any] = []
    for second in range(80):
        claims.now += 1
        claims.hear(1, ALL, lag=second * 0.5)
        claims.proof.tick(claims.now)
        asked.append(claims.proof.wants_renewal(1, claims.now, 60))
    assert asked.index(Reason.LAGGING) in range(48, 54)


def test_lag_that_is_large_and_shrinks_does_not() -> None:
    claims = Claims()
    claims.join(1, ALL)
    claims.pass_time(20, flow=(1, ALL))
    for second in range(80):
        claims.now += 1
        claims.hear(1, ALL, lag=60 - second * 0.5)
        claims.proof.tick(claims.now)
        assert claims.proof.wants_renewal(1, claims.now, 60) is None


def test_a_connection_is_replaced_when_the_old_one_has_delivered_what_the_new_one_began_with() -> None:
    claims = Claims()
    claims.join(1, ALL)
    claims.pass_time(20, flow=(1, ALL))
    claims.join(2, ALL)
    claims.proof.hand_over(1, 2)
    claims.now += 1
    claims.hear(2, ALL)
    message = claims.now
    assert not claims.proof.is_met(1, 2)
    claims.now += 12
    frame = read_frame(
        json.dumps(
            [None, None, ALL, "item_listed", {
                "sent_at": datetime.fromtimestamp(message - 0.05, UTC).isoformat(),
                "payload": {"collection": {"slug": ""}, "at": message},
            }]
        ).encode()
    )  # fmt: skip
    claims.proof.heard(1, [frame], claims.now)
    assert claims.proof.is_met(1, 2)
    claims.proof.ended(1, Reason.RENEWED, claims.now)
    claims.take()
    assert claims.ended[-1].proof == pytest.approx(message - MARGIN)


def test_on_a_quiet_stream_the_old_connection_must_be_proven_past_the_joins_of_the_new_one() -> None:
    claims = Claims()
    claims.join(1, ALL)
    claims.now = 30.0
    claims.join(2, ALL)
    claims.proof.hand_over(1, 2)
    assert not claims.proof.is_met(1, 2)
    claims.proof.answered(1, 30.1, 30.2)
    assert not claims.proof.is_met(1, 2)
    claims.proof.answered(1, 30.7, 30.8)
    assert claims.proof.is_met(1, 2)


def test_a_topic_that_is_left_is_forgotten() -> None:
    claims = Claims()
    claims.join(1, CATS, DOGS)
    claims.proof.lost(1, CATS, Reason.NOT_RUNNING, 1.0)
    claims.proof.lost(1, CATS, Reason.NOT_RUNNING, 1.0)
    claims.proof.lost(9, CATS, Reason.NOT_RUNNING, 1.0)
    claims.take()
    assert set(claims.covered) == {(1, DOGS)}


def test_a_silence_between_messages_that_were_held_back_is_one_though_they_come_together() -> None:
    claims = Claims()
    claims.join(1, ALL)
    claims.pass_time(60, flow=(1, ALL))
    claims.now += 0.5
    claims.hear(1, ALL, lag=25.05)
    claims.now += 0.1
    claims.hear(1, ALL, lag=3.05)
    assert [claim.reason for claim in claims.ended] == [Reason.UNPROVEN]
    assert claims.ended[0].proof < claims.now - 25
    assert claims.covered == {(1, ALL): claims.now}
