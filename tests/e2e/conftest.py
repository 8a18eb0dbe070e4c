"""What the tests of whole programs share."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support.browser import chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The browser of one file's tests: its library keeps an event loop, which other files' tests must not meet."""
    with chromium() as browser:
        yield browser
