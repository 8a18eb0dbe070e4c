import base64
import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser

import pytest

from tests.query.page.hours import loaded, not_loaded
from tests.query.page.test_hour import gap
from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.query.page.calendar import calendar_of, missing_of
from tidemark.query.page.hour import details_of
from tidemark.query.page.html import POLICY, Home, Run, address, html_of, html_of_problem
from tidemark.query.page.market import book_of, market_of
from tidemark.query.page.page import Asked, Page

NOW = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\x1b[2J\u202eevil"


class Tags(HTMLParser):
    """Collects the tags and attributes of a document."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def page_of(name: str = "cats") -> Page:
    """Return a page in which every text that comes from the network is `name`."""
    hour = Hour.parse("2026-11-22T15")
    chosen = loaded("2026-11-22T15", gaps={name: {name: 720.0}}, open_s=720, seen_by={name: 3}, collectors=[name])
    coverage = [loaded("2026-11-22T14"), chosen, not_loaded("2026-11-22T16"), not_loaded("2026-11-22T17")]
    load = {"hour": hour.start, "load_id": 7, "started_at": hour.end, "finished_at": hour.end + timedelta(seconds=2),
            "software": name, "collectors": [name],
            "files": 2, "lines": 9, "inserted": 3, "replaced": 0, "duplicates": 3, "other": 3,
            "quarantined": 0}  # fmt: skip
    rows = {
        "sales_by_hour": [{"hour": hour.start, "sales": 3, "volume_eth": None, "volume_usd": None}],
        "top_collections": [
            {"chain": name, "collection": name, "sales": 3, "volume_eth": None, "low_eth": None, "collections": 1}
        ],
        "latest_sales": [
            {"sold_at": NOW, "chain": name, "collection": name, "nft": name, "price": 1, "token": name,
             "price_usd": None, "is_suspect": False}
        ],
    }  # fmt: skip
    book = [{"at": hour.start, "chain": name, "token": name, "floor": Decimal(2), "best_offer": None, "spread": None}]
    return Page(
        Asked(hour=hour, collection=name), NOW, Hour.parse("2026-11-01T00"), Hour.parse("2026-11-30T23"),
        (Hour.parse("2026-09-30T10"), hour), calendar_of(coverage, NOW), missing_of(coverage, NOW),
        details_of([chosen], [gap(name, 10, 22, reason=name, topic=name, repaired_by=name)], [load]),
        market_of(coverage, rows), book_of(book), [Problem(name, name)], True,
    )  # fmt: skip


@pytest.mark.parametrize(
    "home", [Home(may_load=True, runs=[Run(HOSTILE, "running", "", "")], notice=HOSTILE), Home(is_file=True)]
)
def test_names_from_the_network_stay_text(home: Home) -> None:
    html = html_of(page_of(HOSTILE), home)
    expected = html_of(page_of(), replace(home, notice="x" if home.notice else "", runs=[Run("x", "running", "", "")]))
    shape = [(tag, sorted(attributes)) for tag, attributes in Tags(html).found]
    assert shape == [(tag, sorted(attributes)) for tag, attributes in Tags(expected).found]
    assert {"script", "img"} & {tag for tag, _ in Tags(html).found} == set()
    read = re.sub(r'value="[^"]*"', "", html)  # a form keeps what was asked for as it was
    assert not {"\x1b", "\u202e"} & set(read)


def test_the_policy_allows_the_one_style_and_no_script() -> None:
    html = html_of(page_of(), Home(is_file=True))
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'" == POLICY
    assert not [attributes for _, attributes in Tags(html).found if "style" in attributes]
    assert not [name for _, attributes in Tags(html).found for name in attributes if name.startswith("on")]
    (policy,) = [each["content"] for tag, each in Tags(html).found if each.get("http-equiv")]
    assert policy == POLICY


def test_the_file_needs_nothing_else_and_its_links_stay_in_it() -> None:
    html = html_of(page_of(), Home(is_file=True))
    tags = Tags(html).found
    assert not [
        name for _, attributes in tags for name in attributes if name in ("src", "srcset", "action", "xlink:href")
    ]
    links = [attributes["href"] or "" for tag, attributes in tags if tag == "a"]
    ids = {f"#{attributes['id']}" for _, attributes in tags if "id" in attributes}
    assert "#2026-11-22T15" in links
    assert [link for link in links if link not in ids] == []


def test_what_a_person_asked_for_is_kept_when_one_thing_changes() -> None:
    asked = Asked(hour=Hour.parse("2026-11-22T15"), collection="a b&c", view="audit")
    assert address(asked, month=Hour.parse("2026-10-01T00")) == "?month=2026-10&collection=a+b%26c&view=audit"
    html = html_of(replace(page_of(), asked=asked), Home())
    assert 'href="?month=2026-10&amp;collection=a+b%26c&amp;view=audit" rel="prev"' in html
    assert 'rel="next"' not in html


def test_the_button_is_there_only_for_who_may_load_an_hour_that_is_over() -> None:
    page, coming = page_of(), details_of([not_loaded("2026-11-22T18")], [], [])
    assert "Load again" in html_of(page, Home(may_load=True))
    assert "Load again" not in html_of(page, Home())
    assert 'action="load"' not in html_of(replace(page, details=coming), Home(may_load=True))
    assert 'action="load"' not in html_of(page, Home(is_file=True))
    assert 'href="http://a/?hour=2026-11-22T15#hour"' in html_of(page, Home(airflow="http://a/"))


def test_an_empty_warehouse_says_when_the_first_hour_comes() -> None:
    page = replace(page_of(), loaded=None, days=[], missing=[], details=[], market=None, book=[], problems=[])
    html = html_of(page, Home())
    assert "No hour has been loaded yet" in html
    assert "Nothing is known yet" in html


def test_a_problem_is_text_too() -> None:
    html = html_of_problem(Problem(HOSTILE, "Try again"))
    assert "&lt;script&gt;" in html
    assert "<script" not in html
