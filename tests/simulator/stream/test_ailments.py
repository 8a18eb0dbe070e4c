from tidemark.simulator.faults import HalfOpen, Lossy, Silence
from tidemark.simulator.stream.ailments import Ailments


def test_a_fault_lasts_for_its_seconds() -> None:
    ailments = Ailments()
    ailments.begin(Silence(seconds=5.0), 10.0)
    assert [ailments.now(Silence, now) is not None for now in (10.0, 14.9, 15.0)] == [True, True, False]
    assert ailments.now(HalfOpen, 10.0) is None


def test_a_fault_without_an_end_lasts_for_good() -> None:
    ailments = Ailments()
    ailments.begin(HalfOpen(), 0.0)
    assert ailments.now(HalfOpen, 1e9) == HalfOpen()


def test_the_latest_of_a_kind_counts_while_it_lasts() -> None:
    ailments = Ailments()
    ailments.begin(Lossy(share=0.1), 0.0)
    ailments.begin(Lossy(share=0.9, seconds=5.0), 1.0)
    assert [ailments.now(Lossy, now) for now in (0.0, 7.0)] == [Lossy(share=0.9, seconds=5.0), Lossy(share=0.1)]
