from tidemark.simulator.market import chains


def test_polygon_has_two_names() -> None:
    assert (chains.MATIC.name, chains.MATIC.api_name) == ("matic", "polygon")
    assert (chains.BASE.name, chains.BASE.api_name) == ("base", "base")


def test_listings_ask_for_the_chain_s_own_coin_or_for_its_wrapped_form() -> None:
    assert chains.ETHEREUM.listing_token.native
    assert not chains.MATIC.listing_token.native
    assert not chains.AVALANCHE.listing_token.native
