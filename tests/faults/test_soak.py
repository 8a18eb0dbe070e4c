"""The short version of the soak; `make faults` runs the long one."""

from pathlib import Path

from tests.faults.soak import Plan, report, soak


async def test_no_time_is_claimed_in_which_messages_were_lost(tmp_path: Path) -> None:
    result = await soak(Plan(seconds=28, rate=300, pace=2, seed=7), tmp_path, print)
    report(result, print)
    assert [one for balances in result.balances.values() for one in balances if not one.good or not one.kept] == []
    assert result.died == []
    assert len(result.fired) >= 4  # a slow machine fires fewer
