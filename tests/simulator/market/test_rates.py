from datetime import UTC, datetime, timedelta
from decimal import Decimal

from tidemark.simulator.market.chains import APE_CHAIN, BASE, ETHEREUM
from tidemark.simulator.market.rates import SWING, dollars, ether

NOW = datetime(2026, 11, 22, 15, tzinfo=UTC)


def test_a_rate_wanders_within_its_swing() -> None:
    rates = [dollars(ETHEREUM.native, NOW + timedelta(minutes=minute)) for minute in range(600)]
    assert len(set(rates)) > 100
    assert all(abs(float(rate) / ETHEREUM.native.dollars - 1) <= SWING * 1.25 for rate in rates)


def test_dollars_are_stable_and_ether_is_one_ether() -> None:
    assert BASE.usdc is not None
    assert dollars(BASE.usdc, NOW) == Decimal("0.9998")
    assert ether(ETHEREUM.wrapped, NOW) == 1


def test_the_rates_of_a_coin_agree() -> None:
    coin = APE_CHAIN.native
    assert abs(ether(coin, NOW) * dollars(ETHEREUM.native, NOW) - dollars(coin, NOW)) < Decimal("1e-9")
