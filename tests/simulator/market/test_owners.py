from dataclasses import replace
from itertools import pairwise
from random import Random

from tests.simulator.market.test_order import LISTING, OFFER
from tests.simulator.market.test_payload import SOLD
from tidemark.simulator.market.cast import Cast
from tidemark.simulator.market.owners import Owners


def owners() -> Owners:
    rng = Random(1)
    return Owners(rng, Cast(rng))


def test_a_buyer_sells_again_and_only_once() -> None:
    buyers = owners()
    assert buyers.seller() is None
    buyers.note(SOLD)
    assert buyers.seller() == (LISTING.collection, "7", SOLD.taker)
    assert buyers.seller() is None


def test_whoever_made_the_offer_has_bought() -> None:
    buyers = owners()
    buyers.note(replace(SOLD, order=OFFER))
    owned = buyers.seller()
    assert owned is not None
    assert owned.owner == OFFER.maker


def test_a_ring_sells_an_item_back_and_forth() -> None:
    rings = owners()
    turns: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for _ in range(60):
        owned, other = rings.turn_ring()
        turns.setdefault((owned.collection.slug, owned.token_id), []).append((owned.owner, other))
    for pairs in turns.values():
        assert all(later == earlier[::-1] for earlier, later in pairwise(pairs))
        assert pairs[0][0] != pairs[0][1]
