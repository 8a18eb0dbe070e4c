"""How many orders of loading a test draws: few among all tests, many in `make faults`."""

import os
from collections.abc import Callable

import pytest

Test = Callable[..., None]
_FIRST, _ROUNDS = int(os.environ.get("ORDERS_SEED", "0")), os.environ.get("ORDERS")


def in_drawn_orders(few: int) -> Callable[[Test], Test]:
    """Run a test with a few seeds, or with ORDERS of them; ORDERS_SEED is the first."""
    seeds = range(_FIRST, _FIRST + int(_ROUNDS or few))
    return lambda test: pytest.mark.orders(pytest.mark.parametrize("seed", seeds)(test))
