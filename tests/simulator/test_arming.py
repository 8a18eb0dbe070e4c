from tidemark.simulator.arming import Faults
from tidemark.simulator.faults import Close, Fault, Refuse, Reset, Stroke


class Armed(Faults):
    """Faults that are armed at time 0, with what was reported of them."""

    def __init__(self, *faults: Fault) -> None:
        self.reported: list[tuple[str, str, int | None]] = []
        super().__init__(lambda fault, client, number: self.reported.append((fault.name, client, number)))
        for fault in faults:
            self.arm(fault, 0.0)

    def refusals(self, client: str, *times: float) -> list[bool]:
        return [self.gate(Refuse, client, None, now) is not None for now in times]

    def struck(self, client: str, now: float) -> list[Stroke]:
        return list(self.strokes((Stroke,), client, 1, now))


def test_a_gate_is_shut_so_many_times_for_each_client() -> None:
    faults = Armed(Refuse(times=2))
    assert faults.refusals("a", 0, 0, 0) == [True, True, False]
    assert faults.refusals("b", 0, 0, 0) == [True, True, False]
    assert faults.reported == [("refuse", "a", None)] * 2 + [("refuse", "b", None)] * 2


def test_a_gate_may_be_shut_for_a_time() -> None:
    assert Armed(Refuse(after=10, seconds=120)).refusals("a", 9.9, 10, 50, 129.9, 130) == [
        False,
        True,
        True,
        True,
        False,
    ]


def test_a_fault_is_for_its_client_alone() -> None:
    faults = Armed(Refuse(client="a"), Close(client="b"))
    assert faults.refusals("b", 0) == [False]
    assert faults.struck("a", 0) == []
    assert faults.refusals("a", 0) == [True]
    assert faults.struck("b", 0) == [Close(client="b")]


def test_a_stroke_that_lasts_still_falls_only_as_often_as_it_says() -> None:
    faults = Armed(Close(seconds=100, times=1))
    assert [len(faults.struck("a", now)) for now in (0, 1, 2)] == [1, 0, 0]


def test_only_the_asked_kinds_strike() -> None:
    faults = Armed(Close(), Reset())
    assert list(faults.strokes((Reset,), "a", 1, 0.0)) == [Reset()]
    assert faults.struck("a", 0.0) == [Close()]


def test_nothing_fires_after_it_is_cleared() -> None:
    faults = Armed(Refuse(), Close())
    faults.clear()
    assert (faults.refusals("a", 0), faults.struck("a", 0), faults.reported) == ([False], [], [])
