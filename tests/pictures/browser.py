"""Pictures of what a browser shows: the page, and Airflow."""

import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect
from pydantic import SecretStr

from tests.query.page import week
from tests.support.browser import chromium, log_in
from tidemark.local.services.airflow import Airflow
from tidemark.query.page.html import Home, html_of
from tidemark.query.page.page import asked_of, month_page

_QUALITY = 68
_HOUR = {"hour": week.BOTH_LOST.key}


def _save(shot: bytes, file: Path) -> None:
    Image.open(io.BytesIO(shot)).convert("RGB").save(file, "WEBP", quality=_QUALITY, method=6)


def page(url: SecretStr, folder: Path) -> None:
    """Take the page on a desk, on a phone, and on a dark screen."""
    home = Home(airflow="http://127.0.0.1:8080/tidemark/")
    html = html_of(month_page(url, asked_of(_HOUR), week.NOW), home)
    with chromium() as browser:
        for name, width, scheme, height in (
            ("page", 1280, "light", 1400),
            ("page-phone", 390, "light", 1500),
            ("page-dark", 1280, "dark", 700),
        ):
            shown = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]
            shown.set_content(html)
            _save(shown.screenshot(), folder / f"{name}.webp")
        shown.set_viewport_size({"width": 1280, "height": 900})
        shown.emulate_media(color_scheme="light")
        _save(shown.locator("#market").screenshot(), folder / "market.webp")


def airflow(airflow: Airflow, folder: Path) -> None:
    """Load an hour again from the page in Airflow, and take both."""
    airflow.rest.unpause("load_sales")
    with chromium() as browser:
        shown: Page = browser.new_page(viewport={"width": 1280, "height": 860})
        log_in(shown, airflow)
        shown.get_by_role("link", name="Tidemark").click()
        tidemark = shown.frame_locator("iframe")
        tidemark.get_by_title(f"{week.BOTH_LOST.start:%Y-%m-%d %H:00} UTC").click()
        tidemark.get_by_role("button", name="Load again").click()
        expect(tidemark.locator(".runs li").first).to_contain_text("success", timeout=120_000)
        tidemark.get_by_role("heading", name="Collectors side by side").scroll_into_view_if_needed()
        _save(shown.screenshot(), folder / "airflow-page.webp")
        shown.goto(f"{airflow.url}/dags/load_sales")
        expect(shown.get_by_text("load_sales").first).to_be_visible()
        shown.wait_for_timeout(3000)
        _save(shown.screenshot(), folder / "airflow-dag.webp")
