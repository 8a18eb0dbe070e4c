"""The one table of transitions."""

from itertools import product

import pytest

from collector.stream.channel import TRANSITIONS, Channel, ImpossibleError, Input, State


def channel(state: State) -> Channel:
    return Channel("collection:*", "1", "1", None, state)


@pytest.mark.parametrize(("state", "happened"), [*product(State, Input)])
def test_a_listed_pair_moves_and_an_unlisted_one_is_an_error(state: State, happened: Input) -> None:
    one = channel(state)
    if (state, happened) in TRANSITIONS:
        assert one.take(happened) is one.state is TRANSITIONS[state, happened]
    else:
        with pytest.raises(ImpossibleError, match=f"{happened.name} while {state.name}"):
            one.take(happened)
        assert one.state is state


def test_every_state_is_reached_and_left_is_the_end() -> None:
    assert {*TRANSITIONS.values()} == {*State}
    assert not any(state is State.LEFT for state, _ in TRANSITIONS)


def test_whatever_a_server_may_send_is_listed_wherever_it_may_come() -> None:
    for state, happened in product({*State} - {State.LEFT}, (Input.ERROR, Input.CLOSE)):
        assert (state, happened) in TRANSITIONS
    for state, happened in product((State.JOINING, State.FAILED, State.LEAVING), (Input.OK, Input.DENIED)):
        assert (state, happened) in TRANSITIONS
