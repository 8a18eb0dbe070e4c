import os
import signal

import pytest

from tidemark.local.interrupt import SIGNALS, Interrupts


def strike(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_interrupts(number: signal.Signals) -> None:
    with Interrupts(), pytest.raises(KeyboardInterrupt):
        strike(number)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_held_signal_interrupts_once_at_the_end(number: signal.Signals) -> None:
    done = []

    def work(interrupts: Interrupts) -> None:
        with interrupts.held():
            strike(number)
            with interrupts.held():
                strike(number)
            done.append("all of it")

    with Interrupts() as interrupts:
        with pytest.raises(KeyboardInterrupt):
            work(interrupts)
        with interrupts.held():
            done.append("what came next")
    assert done == ["all of it", "what came next"]


def test_an_error_inside_is_not_covered_up_by_a_signal() -> None:
    def fail(interrupts: Interrupts) -> None:
        with interrupts.held():
            strike(signal.SIGTERM)
            raise ValueError("first")

    with Interrupts() as interrupts, pytest.raises(ValueError, match="first"):
        fail(interrupts)


def test_the_former_handlers_come_back() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with Interrupts():
        assert [signal.getsignal(number) for number in SIGNALS] != before
    assert [signal.getsignal(number) for number in SIGNALS] == before
