import re
from collections import Counter
from random import Random

from tidemark.simulator.market.actors import Actors, draw_address, draw_base58, draw_hash
from tidemark.simulator.market.chains import ETHEREUM, SOLANA


def test_names_have_the_form_of_their_chain() -> None:
    rng = Random(1)
    assert re.fullmatch(r"0x[0-9a-f]{40}", draw_address(rng))
    assert re.fullmatch(r"0x[0-9a-f]{64}", draw_hash(rng))
    assert re.fullmatch(r"[1-9A-HJ-NP-Za-km-z]{44}", draw_base58(rng, 44))


def test_collections_are_distinct_and_some_are_hotter() -> None:
    actors = Actors(Random(1))
    assert len({collection.contract for collection in actors.collections}) == len(actors.collections)
    drawn = Counter(actors.collection().slug for _ in range(3000))
    assert drawn.keys() == {collection.slug for collection in actors.collections}
    assert drawn["harbor-seals"] > 3 * drawn["gulf-stream"]


def test_token_ids_are_small_huge_or_base58() -> None:
    rng = Random(1)
    by_slug = {collection.slug: collection for collection in Actors(rng).collections}
    assert int(by_slug["harbor-seals"].draw_token(rng)) < 10_000
    assert 2**255 <= int(by_slug["name-of-the-sea"].draw_token(rng)) < 2**256
    assert not by_slug["sunken-coins"].draw_token(rng).isdigit()


def test_traders_and_bidders_belong_to_their_chain_and_bidders_are_few() -> None:
    actors = Actors(Random(1))
    assert actors.wallet(ETHEREUM).startswith("0x")
    assert len(actors.wallet(SOLANA)) == 44
    assert (
        len({actors.bidder(ETHEREUM) for _ in range(1000)}) <= 40 < len({actors.wallet(ETHEREUM) for _ in range(1000)})
    )
