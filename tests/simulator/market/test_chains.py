from datetime import UTC, datetime, timedelta
from decimal import Decimal

from tidemark.simulator.market import chains
from tidemark.simulator.market.chains import APE_CHAIN, BASE, ETHEREUM, SWING, dollars, ether


def test_polygon_has_two_names() -> None:
    assert (chains.MATIC.name, chains.MATIC.api_name) == ("matic", "polygon")
    assert (chains.BASE.name, chains.BASE.api_name) == ("base", "base")


def test_listings_ask_for_the_chain_s_own_coin_or_for_its_wrapped_form() -> None:
    assert chains.ETHEREUM.listing_token.native
    assert not chains.MATIC.listing_token.native
    assert not chains.AVALANCHE.listing_token.native


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
