"""The short version of the collector's fault loops; `make faults` runs the long one."""

from pathlib import Path
from random import Random

import pytest

from tests.faults.collecting import LOOPS, Loop


@pytest.mark.parametrize("loop", LOOPS, ids=lambda loop: loop.__name__)
async def test_every_message_is_kept_or_in_a_gap(loop: Loop, tmp_path: Path) -> None:
    outcome = await loop(2, Random(7), tmp_path)
    assert outcome.fired >= 1
    assert outcome.account.lost == ()
    assert outcome.account.doubled == ()
    assert outcome.good
