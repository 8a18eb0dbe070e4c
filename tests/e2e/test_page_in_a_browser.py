"""The page as a file in a real browser: without a script, by pointer and keyboard, on a desk and on a phone."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.query.page.test_html import HOSTILE, page_of
from tests.support.browser import needs_chromium
from tidemark.query.page.html import Home, html_of

HOUR = "2026-11-22T15"
pytestmark = [pytest.mark.e2e, needs_chromium]


@pytest.fixture
def file(tmp_path: Path) -> str:
    """The address of a report whose every name is hostile."""
    report = tmp_path / "report.html"
    report.write_text(html_of(page_of(HOSTILE), Home(is_file=True)))
    return report.as_uri()


def opened(browser: Browser, address: str, *, width: int = 1280, scripts: bool = True) -> tuple[Page, list[str]]:
    """Open a page; the list collects what a person would see go wrong."""
    page, wrong = browser.new_page(viewport={"width": width, "height": 900}, java_script_enabled=scripts), list[str]()
    page.on("console", lambda message: wrong.append(message.text))
    page.on("dialog", lambda dialog: wrong.append(dialog.message))
    page.on("request", lambda request: wrong.append(request.url) if request.url.startswith("http") else None)
    page.goto(address)
    return page, wrong


def sign_of(page: Page, hour: str) -> str:
    return str(page.locator(f'a[href="#{hour}"]').first.evaluate("cell => getComputedStyle(cell, '::before').content"))


def test_nothing_runs_nothing_is_fetched_and_nothing_is_refused(browser: Browser, file: str) -> None:
    page, wrong = opened(browser, file)
    expect(page.locator("#market .pygal-chart").first).to_be_visible()
    expect(page.locator("#market")).to_contain_text("<script>alert(1)</script>")
    assert wrong == []
    page.close()


def test_no_figure_of_an_hour_is_broken_over_lines(browser: Browser, file: str) -> None:
    page, _ = opened(browser, f"{file}#{HOUR}")
    figures = page.locator(f'[id="{HOUR}"] .counts dd')
    assert figures.count() > 5
    lines = """all => all.map(each => {
        const text = document.createRange(); text.selectNodeContents(each); return text.getClientRects().length })"""
    assert set(figures.evaluate_all(lines)) == {1}
    page.close()


def test_an_hour_opens_and_a_view_changes_without_a_script(browser: Browser, file: str) -> None:
    page, _ = opened(browser, file, scripts=False)
    expect(page.locator(f'[id="{HOUR}"]')).to_be_hidden()
    page.locator(f'.day a[href="#{HOUR}"]').click()
    expect(page.locator(f'[id="{HOUR}"]')).to_be_visible()
    page.close()
    page, _ = opened(browser, file)
    before = sign_of(page, HOUR)
    page.get_by_text("audit", exact=True).click()
    assert (before[1], sign_of(page, HOUR)[1]) == ("◐", "?")
    expect(page.locator(".legend-audit")).to_be_visible()
    expect(page.locator(".legend-coverage")).to_be_hidden()
    page.close()


def test_the_keyboard_reaches_the_end_of_the_calendar_at_once_and_an_hour(browser: Browser, file: str) -> None:
    page, _ = opened(browser, file)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip the calendar")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("radio", name="coverage")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="repair")).to_be_checked()
    cell = page.get_by_role("link", name="2026-11-22 15:00 UTC")
    cell.focus()
    page.keyboard.press("Enter")
    expect(page.locator(f'[id="{HOUR}"]')).to_be_visible()
    page.close()


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_screen(browser: Browser, file: str, width: int) -> None:
    page, _ = opened(browser, f"{file}#{HOUR}", width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()
