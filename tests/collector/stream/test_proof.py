"""What may be claimed, rule by rule, with times given by hand."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from collector.stream.frame import Frame, read_frame
from collector.stream.proof import RULES, Covered, Proof, Proven, Retracted, Silence, Uncovered
from collector.stream.rate import Rate
from tidemark.archive.reasons import Reason
from tidemark.archive.record import sent_at

ALL, CATS, DOGS = "collection:*", "collection:cats", "collection:dogs"


def lags_of(frames: Sequence[Frame], received: float) -> list[float | None]:
    return [received - sent.timestamp() if (sent := sent_at(frame.payload)) else None for frame in frames]


class Claims:
    """The machine, and what it claims now: per connection and topic, since when; and each connection's proof."""

    def __init__(self, rates: dict[str, Rate] | None = None, silences: dict[str, Silence] | None = None) -> None:
        self.proof = Proof(lags_of, rates, silences)
        self.now = 0.0
        self.covered: dict[tuple[int, str], float] = {}
        self.ended: list[Uncovered] = []
        self.retracted: list[Retracted] = []
        self.proven: dict[int, float] = {}

    def take(self) -> None:
        for claim in self.proof.take_claims():
            match claim:
                case Covered(connection, topic, since):
                    self.covered[connection, topic] = since
                case Uncovered(connection, topic, _, _):
                    del self.covered[connection, topic]
                    self.ended.append(claim)
                case Retracted():
                    self.retracted.append(claim)
                case Proven(connection, until):
                    self.proven[connection] = until

    def join(self, connection: int, *topics: str) -> None:
        for topic in topics:
            self.proof.joined(connection, topic, self.now)
        self.take()

    def hear(self, connection: int, topic: str, *, lag: float | None = 0.05, slug: str = "") -> None:
        self.read(connection, self.frame(topic, lag, slug))

    def frame(self, topic: str, lag: float | None, slug: str = "") -> Frame:
        message: dict[str, Any] = {"payload": {"collection": {"slug": slug}, "at": self.now}}
        if lag is not None:
            message["sent_at"] = datetime.fromtimestamp(self.now - lag, UTC).isoformat()
        return read_frame(json.dumps([None, None, topic, "item_listed", message]).encode())

    def read(self, connection: int, *frames: Frame) -> None:
        self.proof.heard(connection, frames, self.now)
        self.take()

    def steady(self, connection: int, seconds: float) -> None:
        """Let time pass in steps of a hundredth, each of which brings a message."""
        for _ in range(round(seconds * 100)):
            self.now = round(self.now + 0.01, 6)
            self.hear(connection, ALL)

    def pass_time(self, seconds: float, *, lag: float | None = 0.05, **flows: tuple[int, str]) -> None:
        """Let time pass in steps of a tenth; each flow brings ten messages a second to a topic of a connection."""
        for _ in range(round(seconds * 10)):
            self.now = round(self.now + 0.1, 6)
            for connection, topic in flows.values():
                self.hear(connection, topic, lag=lag)
            self.proof.tick(self.now)
            self.take()


def test_a_join_covers_and_messages_prove_up_to_the_margin() -> None:
    claims = Claims()
    claims.join(1, ALL)
    claims.pass_time(2, flow=(1, ALL))
    assert claims.covered == {(1, ALL): 0.0}
    assert claims.proven == {1: pytest.approx(2 - RULES.margin)}


def test_a_heartbeat_proves_a_quiet_topic() -> None:
    claims = Claims()
    claims.join(1, ALL)
    claims.pass_time(30)
    claims.proof.answered(1, 30.0, 30.125)
    claims.proof.tick(30.2)
    claims.take()
    assert claims.proven == {1: 30.125 - 0.125 - RULES.margin}
    assert claims.covered


def test_heartbeats_and_other_topics_prove_nothing_of_a_topic_whose_silence_is_implausible() -> None:
    claims = Claims()
    claims.join(1, CATS, DOGS)
    claims.pass_time(60, cats=(1, CATS), dogs=(1, DOGS))
    claims.pass_time(3, dogs=(1, DOGS))
    claims.proof.answered(1, claims.now, claims.now)
    assert claims.ended == [Uncovered(1, CATS, pytest.approx(60 - RULES.margin), Reason.UNPROVEN)]
    assert set(claims.covered) == {(1, DOGS)}
    claims.hear(1, CATS)
    assert claims.covered[1, CATS] == claims.now


def test_a_message_that_ends_an_implausible_silence_makes_it_a_gap() -> None:
    claims = Claims()
    claims.join(1, ALL)
    claims.pass_time(60, flow=(1, ALL))
    claims.now += 40
    claims.hear(1, ALL)
    assert claims.ended == [Uncovered(1, ALL, pytest.approx(60 - RULES.margin), Reason.UNPROVEN)]
    assert claims.covered == {(1, ALL): 100.0}


def test_a_silence_that_a_queue_hides_is_a_gap_from_when_the_last_message_before_it_was_sent() -> None:
    claims = Claims()
    claims.join(1, ALL)
    claims.pass_time(60, flow=(1, ALL))
    claims.pass_time(20, flow=(1, ALL), lag=4.05)
    claims.pass_time(0.1, flow=(1, ALL))
    assert claims.ended == [Uncovered(1, ALL, pytest.approx(80 - 4 - RULES.margin), Reason.UNPROVEN)]
    assert claims.covered == {(1, ALL): 80.1}
    claims.pass_time(60, flow=(1, ALL))
    assert len(claims.ended) == 1


@pytest.mark.parametrize("offset", [0.0, 50.0, -50.0])
@pytest.mark.parametrize("ends", [False, True])
def test_a_silence_behind_a_queue_is_a_gap_of_a_connection_that_joined_amid_it_too(offset: float, ends: bool) -> None:
    claims = Claims()
    claims.join(1, ALL)
    claims.pass_time(60, lag=0.05 + offset, flow=(1, ALL))
    for lag in range(1, 41):  # the queue grows, then nothing is sent: what was sent until 62 s takes until 66 s
        claims.now = round(60 + 0.15 * lag, 6)
        claims.hear(1, ALL, lag=0.05 + 0.1 * lag + offset)
        if lag == 36:
            claims.join(2, ALL)
    joined = 65.4
    if ends:
        claims.proof.ended(2, Reason.CONNECTION_LOST, claims.now)
        claims.take()
    claims.now = 66.1
    claims.hear(1, ALL, lag=0.05 + offset)
    reached = pytest.approx(62 - RULES.margin, abs=0.01)
    assert Uncovered(1, ALL, reached, Reason.UNPROVEN) in claims.ended
    if ends:
        assert claims.retracted == [Retracted(ALL, reached, Reason.UNPROVEN)]
    else:
        assert claims.ended[-1] == Uncovered(2, ALL, reached, Reason.UNPROVEN)
        assert claims.retracted == []
        assert claims.covered == {(1, ALL): claims.now}
        assert claims.ended[-1].proof < joined


def test_it_is_none_of_a_connection_that_brought_messages_of_that_time() -> None:
    claims = Claims()
    claims.join(1, ALL)
    claims.pass_time(60, flow=(1, ALL))
    claims.pass_time(18, flow=(1, ALL), lag=4.05)
    claims.join(2, ALL)
    for _ in range(20):
        claims.hear(2, ALL)
        claims.pass_time(0.1, flow=(1, ALL), lag=4.05)
    claims.hear(2, ALL)
    claims.hear(1, ALL)
    assert [(claim.connection, claim.reason) for claim in claims.ended] == [(1, Reason.UNPROVEN)]


@pytest.mark.parametrize("last", [0.05, 0.95, None, 500.0])
def test_so_is_one_in_the_middle_of_a_read(last: float | None) -> None:
    claims = Claims()
    claims.join(1, ALL, CATS)
    claims.pass_time(60, flow=(1, ALL), cats=(1, CATS))
    claims.now += 0.9
    lags = 0.85, 0.45, 0.35, 0.2, 0.1
    claims.read(1, *(claims.frame(ALL, lag) for lag in lags), claims.frame(CATS, 0.05))
    assert claims.ended == []
    claims.now += 8  # as long as the machine stood still
    before, after = (8.05, 7.65, 7.05), (1.05, 1.0)
    claims.proof.joined(2, ALL, claims.now)
    claims.take()
    claims.hear(2, ALL, lag=8.1)
    claims.read(2, *(claims.frame(ALL, lag) for lag in (*before, *after, last)))
    assert claims.ended[-1] == Uncovered(2, ALL, pytest.approx(claims.now - 7 - RULES.margin), Reason.UNPROVEN)
    assert claims.covered[2, ALL] == claims.now


@pytest.mark.parametrize("again", [30.0, 590.0, 1e6, -1e6])
def test_a_message_sent_again_or_without_a_credible_time_neither_makes_nor_hides_a_silence(again: float) -> None:
    claims = Claims()
    claims.join(1, ALL)
    claims.pass_time(60, flow=(1, ALL))
    claims.pass_time(20, flow=(1, ALL), lag=4.05)
    for _ in range(3):
        claims.hear(1, ALL, lag=again)
        claims.pass_time(1, flow=(1, ALL), lag=4.05)
    assert claims.ended == []
    claims.hear(1, ALL, lag=again)
    claims.pass_time(0.1, flow=(1, ALL))
    assert [claim.proof for claim in claims.ended] == [pytest.approx(83 - 4 - RULES.margin)]


def test_what_a_message_with_a_time_to_come_could_hide_is_a_gap() -> None:
    claims = Claims()
    claims.join(1, ALL)
    claims.pass_time(60, flow=(1, ALL))
    claims.pass_time(20, flow=(1, ALL), lag=4.05)
    claims.hear(1, ALL, lag=-30.0)
    claims.pass_time(3, flow=(1, ALL), lag=4.05)
    claims.pass_time(0.1, flow=(1, ALL))
    assert [claim.proof for claim in claims.ended] == [
        pytest.approx(80 - 4 - RULES.margin),
        pytest.approx(80 - RULES.margin),
    ]


@pytest.mark.parametrize("lag", [None, 1e6])
def test_messages_that_do_not_say_when_they_were_sent_are_covered(lag: float | None) -> None:
    claims = Claims()
    claims.join(1, ALL)
    for minute in range(13):
        if lag is None or minute == 0:
            claims.hear(1, ALL)
        claims.pass_time(60, flow=(1, ALL), lag=lag)
    assert claims.ended == []
    claims.proof.ended(1, Reason.CONNECTION_LOST, claims.now)
    claims.take()
    assert [claim.proof for claim in claims.ended] == [pytest.approx(780 - RULES.margin)]


@pytest.mark.parametrize("offset", [-50.0, 50.0])
def test_a_server_whose_clock_differs_is_covered_and_its_silences_are_gaps(offset: float) -> None:
    claims = Claims()
    claims.join(1, ALL)
    claims.pass_time(60, flow=(1, ALL), lag=offset)
    claims.pass_time(20, flow=(1, ALL), lag=offset + 4)
    assert claims.ended == []
    claims.pass_time(10, flow=(1, ALL), lag=offset)
    assert [claim.proof for claim in claims.ended] == [pytest.approx(80 - 4 - RULES.margin)]


@pytest.mark.parametrize("ends", [True, False])
def test_a_topic_that_ends_behind_a_queue_is_proven_up_to_when_its_last_message_was_sent(ends: bool) -> None:
    claims = Claims()
    claims.join(1, CATS, DOGS)
    claims.pass_time(60, cats=(1, CATS), dogs=(1, DOGS))
    claims.pass_time(20, cats=(1, CATS), dogs=(1, DOGS), lag=4.05)
    for _ in range(25):
        claims.hear(1, DOGS)
    if ends:
        claims.proof.ended(1, Reason.CONNECTION_LOST, claims.now)
    else:
        claims.pass_time(3, dogs=(1, DOGS))
    claims.take()
    (cats,) = (claim for claim in claims.ended if claim.topic == CATS)
    assert cats.proof == pytest.approx(80 - 4 - RULES.margin)


def test_silence_that_began_behind_a_queue_goes_on_over_a_reconnection() -> None:
    claims = Claims()
    claims.join(1, ALL)
    claims.pass_time(60, flow=(1, ALL))
    claims.pass_time(20, flow=(1, ALL), lag=4.05)
    claims.proof.ended(1, Reason.CONNECTION_LOST, claims.now)
    claims.take()
    claims.join(2, ALL)
    assert claims.covered == {}
    claims.hear(2, ALL)
    assert claims.covered == {(2, ALL): claims.now}


def test_that_two_connections_have_met_proves_nothing_of_a_topic_that_was_silent_before() -> None:
    claims = Claims()
    claims.join(1, CATS, DOGS)
    claims.pass_time(60, cats=(1, CATS), dogs=(1, DOGS))
    claims.join(2, CATS, DOGS)
    claims.proof.hand_over(1, 2)
    claims.now += 6
    frame = claims.frame(DOGS, 0.05)
    claims.read(2, frame)
    claims.read(1, claims.frame(CATS, 6.05), *(claims.frame(DOGS, lag / 10) for lag in range(60, 1, -1)), frame)
    assert claims.proof.is_met(1, 2)
    claims.proof.ended(1, Reason.RENEWED, claims.now)
    claims.take()
    assert {claim.topic: claim.proof for claim in claims.ended if claim.reason is Reason.RENEWED} == {
        DOGS: pytest.approx(66 - RULES.margin),
        CATS: pytest.approx(60 - RULES.margin),
    }


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


def test_a_silence_that_becomes_implausible_after_reconnections_is_retracted_from_those_that_ended() -> None:
    claims = Claims()
    claims.join(1, CATS, DOGS)
    claims.pass_time(60, cats=(1, CATS), dogs=(1, DOGS))
    for connection in (2, 3, 4):
        claims.pass_time(0.25, dogs=(connection - 1, DOGS))
        claims.proof.ended(connection - 1, Reason.CONNECTION_LOST, claims.now)
        claims.take()
        claims.now += 10
        claims.join(connection, CATS, DOGS)
        claims.hear(connection, DOGS)
    assert claims.retracted == []
    claims.pass_time(0.6, dogs=(4, DOGS))
    assert claims.retracted == [Retracted(CATS, pytest.approx(60 - RULES.margin), Reason.UNPROVEN)]
    claims.hear(4, CATS)
    claims.proof.ended(4, Reason.CONNECTION_LOST, claims.now)
    claims.join(5, CATS)
    claims.hear(5, CATS)
    assert len(claims.retracted) == 1


def test_so_is_one_that_began_before_a_renewal() -> None:
    claims = Claims()
    claims.join(1, ALL)
    claims.pass_time(60, flow=(1, ALL))
    claims.join(2, ALL)
    claims.pass_time(10, first=(1, ALL), second=(2, ALL))
    claims.pass_time(0.3, second=(2, ALL))
    claims.proof.ended(1, Reason.RENEWED, claims.now)
    claims.pass_time(5)
    assert claims.retracted == [Retracted(ALL, pytest.approx(70.3 - RULES.margin), Reason.UNPROVEN)]


@pytest.mark.parametrize("joined", [True, False])
def test_the_process_before_hands_on_its_rates_and_silences(*, joined: bool) -> None:
    claims = Claims()
    claims.join(1, CATS, DOGS)
    claims.pass_time(60, cats=(1, CATS), dogs=(1, DOGS))
    claims.pass_time(0.9, dogs=(1, DOGS))
    if not joined:
        claims.proof.ended(1, Reason.NOT_RUNNING, claims.now)
    silences = claims.proof.silences(claims.now)
    assert silences[CATS] == (pytest.approx(0.9), pytest.approx(60 - RULES.margin))
    after = Claims(claims.proof.rates(), silences)
    after.now = 100.0
    after.join(1, CATS, DOGS)
    after.pass_time(0.3, dogs=(1, DOGS))
    assert set(after.covered) == {(1, DOGS)}
    assert after.retracted == [Retracted(CATS, silences[CATS][1], Reason.UNPROVEN)]


def test_what_a_connection_does_not_bring_at_its_beginning_is_a_gap_of_less_than_a_second() -> None:
    claims = Claims()
    claims.join(1, ALL)
    claims.steady(1, 60)
    claims.proof.ended(1, Reason.CONNECTION_LOST, claims.now)
    claims.now += 5
    claims.join(2, ALL)
    claims.now += 0.5
    claims.hear(2, ALL)
    assert claims.ended[-1] == Uncovered(
        2, ALL, pytest.approx(claims.now - 0.5 - RULES.margin, abs=0.05), Reason.UNPROVEN
    )
    assert claims.covered == {(2, ALL): claims.now}


@pytest.mark.parametrize("silence", [0.15, 0.25, 0.9])
def test_a_silence_of_less_than_a_second_is_judged_by_sent_times_and_the_topic_s_own_pauses(silence: float) -> None:
    claims = Claims()
    claims.join(1, ALL)
    claims.steady(1, 60)
    claims.now += silence
    claims.hear(1, ALL)
    assert [claim.proof for claim in claims.ended] == ([pytest.approx(60 - RULES.margin)] if silence > 0.2 else [])


def test_a_topic_whose_messages_come_in_batches_is_covered() -> None:
    claims = Claims()
    claims.join(1, ALL)
    for _ in range(600):
        claims.now = round(claims.now + 0.25, 6)
        claims.read(1, *(claims.frame(ALL, 0.05) for _ in range(100)))
    assert claims.ended == []


def test_our_own_delay_of_less_than_a_second_is_no_silence() -> None:
    claims = Claims()
    claims.join(1, ALL)
    claims.steady(1, 60)
    claims.now += 0.9
    claims.read(1, *(claims.frame(ALL, 0.05 + lag / 100) for lag in range(90, -1, -1)))
    assert claims.ended == []


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
    assert claims.ended == [Uncovered(1, ALL, pytest.approx(last - 8 - RULES.margin), Reason.CONNECTION_LOST)]


@pytest.mark.parametrize("lag", [-100.0, 1e6])
def test_a_lag_beyond_all_reason_is_that_of_no_queue(lag: float) -> None:
    claims = Claims()
    claims.join(1, ALL)
    claims.pass_time(30, flow=(1, ALL))
    claims.hear(1, ALL, lag=lag)
    claims.proof.ended(1, Reason.CONNECTION_LOST, claims.now)
    claims.take()
    assert claims.ended == [Uncovered(1, ALL, pytest.approx(30 - RULES.margin), Reason.CONNECTION_LOST)]


def test_at_its_end_a_connection_proves_a_topic_only_while_it_was_hardly_silent() -> None:
    claims = Claims()
    claims.join(1, CATS, DOGS)
    claims.pass_time(60, cats=(1, CATS), dogs=(1, DOGS))
    claims.pass_time(0.6, dogs=(1, DOGS))
    claims.proof.ended(1, Reason.CLOSED_BY_SERVER, claims.now)
    claims.take()
    assert {claim.topic: claim.proof for claim in claims.ended} == {
        CATS: pytest.approx(60 - RULES.margin),
        DOGS: pytest.approx(60.6 - RULES.margin),
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
    assert claims.ended == [Uncovered(2, ALL, pytest.approx(-RULES.margin), Reason.SILENT)]
    assert set(claims.covered) == {(1, ALL)}


def test_what_a_connection_brings_itself_is_not_held_against_it() -> None:
    claims = Claims()
    claims.join(1, ALL)
    claims.join(2, ALL)
    for _ in range(8):
        for connection in (1, 2):
            claims.read(connection, *[claims.frame(ALL, 0.05)] * 5)
        claims.pass_time(6)
    assert {claim.connection for claim in claims.ended} == {1}  # of which the other brought more since


@pytest.mark.parametrize("lag", [0.05, None])
def test_a_message_proves_a_topic_up_to_one_lag_before_it_came(lag: float | None) -> None:
    claims = Claims()
    claims.join(1, ALL)
    claims.pass_time(60, flow=(1, ALL), lag=lag)
    claims.proof.answered(1, claims.now - 3, claims.now)
    claims.pass_time(3)
    assert [claim.proof for claim in claims.ended] == [pytest.approx(60 - 3 - RULES.margin)]


def test_a_slug_beside_all_collections_shows_that_they_are_silent() -> None:
    claims = Claims()
    claims.join(1, ALL, CATS)
    for _ in range(8):
        claims.pass_time(1)
        claims.hear(1, CATS)
    assert [(claim.topic, claim.reason) for claim in claims.ended] == [(ALL, Reason.SILENT)]


def test_all_collections_show_that_a_slug_beside_them_is_silent() -> None:
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
    message, frame = claims.now, claims.frame(ALL, 0.05)
    claims.read(2, frame)
    assert not claims.proof.is_met(1, 2)
    claims.now += 12
    claims.read(1, frame)
    assert claims.proof.is_met(1, 2)
    claims.proof.ended(1, Reason.RENEWED, claims.now)
    claims.take()
    assert claims.ended[-1].proof == pytest.approx(message - RULES.margin)


def test_two_connections_meet_only_after_the_last_topic_was_joined() -> None:
    claims = Claims()
    claims.join(1, CATS, DOGS)
    claims.now = 10.0
    claims.join(2, CATS)
    claims.proof.hand_over(1, 2)
    claims.now = 12.0
    for connection in (2, 1):
        claims.read(connection, claims.frame(CATS, 0.05))
    claims.now = 20.0
    claims.join(2, DOGS)
    assert not claims.proof.is_met(1, 2)
    claims.now = 22.0
    for connection in (2, 1):
        claims.read(connection, claims.frame(DOGS, 0.05))
    assert claims.proof.is_met(1, 2)


def test_what_the_old_connection_brought_first_is_remembered() -> None:
    claims = Claims()
    claims.join(1, ALL)
    claims.join(2, ALL)
    claims.proof.hand_over(1, 2)
    claims.now = 1.0
    both, other = claims.frame(ALL, 0.05), claims.frame(ALL, 0.06)
    claims.read(1, both)
    claims.read(2, other)
    assert not claims.proof.is_met(1, 2)
    claims.now = 2.0
    claims.read(2, both)
    assert claims.proof.is_met(1, 2)


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
