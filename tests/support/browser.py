"""A real browser, and a person who waits for pages as long as a busy machine takes to show them."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tidemark.local.services.airflow import Airflow

_CHROMIUM = shutil.which("chromium")
PATIENT = 180_000.0
needs_chromium = pytest.mark.skipif(
    not _CHROMIUM, reason="Chromium is not installed; on Debian: apt-get install chromium"
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Lend a browser. What is expected of its pages may take `PATIENT` milliseconds, not the library's five seconds."""
    expect.set_options(timeout=PATIENT)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def log_in(page: Page, airflow: Airflow, path: str = "/") -> None:
    """Open a page of Airflow as somebody who is not logged in yet."""
    page.set_default_timeout(PATIENT)
    page.goto(f"{airflow.url}{path}")
    page.locator("[name=username]").fill(airflow.username)
    page.locator("[name=password]").fill(airflow.password)
    page.keyboard.press("Enter")
