"""A person with a browser: logs in, loads an hour by the form, backfills a day, and sees it all turn green."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.loading import Loading
from tests.support.browser import PATIENT, log_in, needs_chromium

SCREENSHOTS = Path(__file__).parents[2] / ".run" / "screenshots"
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.airflow,
    pytest.mark.timeout(900),
    needs_chromium,
]


@pytest.fixture
def page(browser: Browser, loading: Loading) -> Iterator[Page]:
    """The page of `load_sales`, as it comes after logging in."""
    page = browser.new_page(viewport={"width": 1600, "height": 1200})
    log_in(page, loading.airflow, "/dags/load_sales")
    yield page
    page.close()


def shot(page: Page, name: str) -> None:
    """Keep what the person sees."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")


def trigger_dialog(page: Page) -> Locator:
    page.get_by_role("button", name="Trigger").first.click()
    return page.locator("[role=dialog][data-state=open]")


def test_one_hour_is_loaded_by_the_form(loading: Loading, page: Page) -> None:
    keys = loading.archive("2026-10-10T05")
    dialog = trigger_dialog(page)
    dialog.locator("[name=element_hour]").fill(keys[0])
    shot(page, "1-form")
    dialog.get_by_role("button", name="Trigger").click()
    page.wait_for_url("**/runs/manual__*")
    expect(page.get_by_text("Success", exact=True).first).to_be_visible(timeout=PATIENT)
    shot(page, "2-hour-is-loaded")
    page.get_by_role("row").filter(has_text="LoadHours", has_not_text="load_range").get_by_role("link").first.click()
    expect(page.get_by_text(f"{keys[0]} loaded in").first).to_be_visible(timeout=PATIENT)
    shot(page, "3-log")
    assert loading.loaded(keys) == {keys[0]: 3}


def test_hours_are_backfilled(loading: Loading, page: Page) -> None:
    keys = loading.archive("2026-10-11T00", "2026-10-11T07")
    trigger_dialog(page).get_by_text("Run this Dag for a range of dates").click()
    for time in ("00:00", "07:00"):
        page.get_by_text("Select date and time").first.click()
        page.get_by_placeholder("YYYY/MM/DD").fill("2026/10/11")
        page.get_by_placeholder("HH:mm").fill(time)
        page.keyboard.press("Enter")
        page.keyboard.press("Escape")
        expect(page.get_by_placeholder("YYYY/MM/DD")).to_have_count(0)  # it takes its time to close
    page.locator("[name=max_active_runs]").fill("8")
    expect(page.get_by_text("8 runs will be triggered.")).to_be_visible(timeout=PATIENT)
    shot(page, "4-backfill")
    page.get_by_role("button", name="Run Backfill").click()
    page.goto(f"{loading.airflow.url}/dags/load_sales/runs?run_type=backfill")
    green = page.get_by_role("row").filter(has_text="backfill__2026-10-11").filter(has_text="Success")
    expect(green).to_have_count(8, timeout=5 * PATIENT)
    shot(page, "5-hours-are-green")
    loading.airflow.rest.end_backfills("load_sales")
    assert loading.loaded(keys) == dict.fromkeys(keys, 3)
