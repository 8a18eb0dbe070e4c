from random import Random

import pytest

from tests.simulator.market.test_order import LISTING
from tidemark.simulator.market import book as book_module
from tidemark.simulator.market.book import Book, Live


def test_what_is_taken_is_gone() -> None:
    book = Book(Random(1))
    lives = [Live(LISTING, number) for number in range(5)]
    for live in lives:
        book.add(live)
    taken = [book.take() for _ in range(6)]
    assert sorted(live.left for live in taken if live) == [0, 1, 2, 3, 4]
    assert taken[-1] is None


def test_a_full_book_forgets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book_module, "SIZE", 3)
    book = Book(Random(1))
    for number in range(10):
        book.add(Live(LISTING, number))
    assert len(book) == 3
