from random import Random

from hypothesis import given
from hypothesis import strategies as st

from tidemark.simulator.fault_schedule import EVERYBODY, ActiveFaults, FaultSchedule, Losses
from tidemark.simulator.faults import Close, ConnectionFault, Drop, Fault, HalfOpen, Lossy, Refuse, Reset, Silence


class Scheduled(FaultSchedule):
    """FaultSchedule that are armed at time 0, with what was reported of them."""

    def __init__(self, *faults: Fault) -> None:
        self.reported: list[tuple[str, str, int | None]] = []
        super().__init__(lambda fault, client, number: self.reported.append((fault.name, client, number)))
        for fault in faults:
            self.add(fault, 0.0)

    def refusals(self, client: str, *times: float) -> list[bool]:
        return [self.request_fault(Refuse, client, None, now) is not None for now in times]

    def struck(self, client: str, now: float) -> list[ConnectionFault]:
        return list(self.connection_faults((ConnectionFault,), client, 1, now))


def test_a_request_fault_fires_this_often_for_each_client() -> None:
    faults = Scheduled(Refuse(times=2))
    assert faults.refusals("a", 0, 0, 0) == [True, True, False]
    assert faults.refusals("b", 0, 0, 0) == [True, True, False]
    assert faults.reported == [("refuse", "a", None)] * 2 + [("refuse", "b", None)] * 2


def test_a_request_fault_may_last_for_a_time() -> None:
    assert Scheduled(Refuse(after=10, seconds=120)).refusals("a", 9.9, 10, 50, 129.9, 130) == [
        False,
        True,
        True,
        True,
        False,
    ]


def test_a_fault_is_for_its_client_alone() -> None:
    faults = Scheduled(Refuse(client="a"), Close(client="b"))
    assert faults.refusals("b", 0) == [False]
    assert faults.struck("a", 0) == []
    assert faults.refusals("a", 0) == [True]
    assert faults.struck("b", 0) == [Close(client="b")]


def test_a_connection_fault_that_lasts_still_begins_only_as_often_as_it_says() -> None:
    faults = Scheduled(Close(seconds=100, times=1))
    assert [len(faults.struck("a", now)) for now in (0, 1, 2)] == [1, 0, 0]


def test_only_the_asked_kinds_strike() -> None:
    faults = Scheduled(Close(), Reset())
    assert list(faults.connection_faults((Reset,), "a", 1, 0.0)) == [Reset()]
    assert faults.struck("a", 0.0) == [Close()]


def test_nothing_fires_after_it_is_cleared() -> None:
    faults = Scheduled(Refuse(), Close())
    faults.clear()
    assert (faults.refusals("a", 0), faults.struck("a", 0), faults.reported) == ([False], [], [])


def test_a_fault_lasts_for_its_seconds() -> None:
    active_faults = ActiveFaults()
    active_faults.start(Silence(seconds=5.0), 10.0)
    assert [active_faults.get(Silence, now) is not None for now in (10.0, 14.9, 15.0)] == [True, True, False]
    assert active_faults.get(HalfOpen, 10.0) is None


def test_a_fault_without_an_end_lasts_for_good() -> None:
    active_faults = ActiveFaults()
    active_faults.start(HalfOpen(), 0.0)
    assert active_faults.get(HalfOpen, 1e9) == HalfOpen()


def test_the_latest_of_a_kind_counts_while_it_lasts() -> None:
    active_faults = ActiveFaults()
    active_faults.start(Lossy(share=0.1), 0.0)
    active_faults.start(Lossy(share=0.9, seconds=5.0), 1.0)
    assert [active_faults.get(Lossy, now) for now in (0.0, 7.0)] == [Lossy(share=0.9, seconds=5.0), Lossy(share=0.1)]


def dropped(faults: FaultSchedule, count: int, now: float = 0.0, collection: str = "seals") -> int:
    return sum(bool(faults.drops(collection, now)) for _ in range(count))


def test_a_drop_is_active_for_its_seconds_and_reported_once() -> None:
    faults = Scheduled(Drop(share=1.0, after=10, seconds=5))
    assert [dropped(faults, 3, now) for now in (9.9, 10, 14.9, 15)] == [0, 3, 3, 0]
    assert faults.reported == [("drop", EVERYBODY, None)]


def test_a_drop_loses_its_share_and_may_be_of_one_collection() -> None:
    faults = Scheduled(Drop(share=0.05, collection="gulls"))
    assert dropped(faults, 1000) == 0
    assert 300 < dropped(faults, 8000, collection="gulls") < 500


@given(st.floats(0.001, 0.5), st.floats(1.0, 20.0))
def test_losses_keep_their_share_whatever_their_runs(share: float, burst: float) -> None:
    losses = Losses(share, burst, Random(1))
    lost = sum(losses.next() for _ in range(20_000))
    assert abs(lost / 20_000 - share) < 0.01 + 0.02 * burst * share**0.5


def test_a_lasting_fault_begins_once_on_a_connection() -> None:
    faults = Scheduled(Silence(times=2))
    begun = [list(faults.connection_faults((ConnectionFault,), "a", number, 0.0)) for number in (1, 1, 2, 3)]
    assert [len(faults) for faults in begun] == [1, 0, 1, 0]
