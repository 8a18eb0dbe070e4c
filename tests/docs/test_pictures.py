"""The pictures of the documentation: small, used, and complete in themselves."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from PIL import Image
from pydantic import SecretStr

from tidemark.storage.postgres import connected
from tools import drawings

ROOT = Path(__file__).parents[2]
PICTURES = sorted((ROOT / "docs" / "pictures").iterdir())
MOST = 100_000  # bytes
USED = {
    (page.parent / target).resolve()
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    for target in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", page.read_text())
}


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_a_picture_is_small_and_on_a_page(picture: Path) -> None:
    assert picture.stat().st_size < MOST
    assert picture in USED


def test_every_picture_of_a_page_exists() -> None:
    assert USED
    assert [picture for picture in USED if not picture.is_file()] == []


@pytest.mark.parametrize("picture", [each for each in PICTURES if each.suffix == ".svg"], ids=lambda each: each.name)
def test_a_drawing_loads_nothing_from_elsewhere(picture: Path) -> None:
    text = picture.read_text()
    assert ET.fromstring(text).tag.endswith("svg")
    assert re.findall(r"(?:url\(|href=|src=)[\"']?https?:", text) == []


@pytest.mark.parametrize("picture", [each for each in PICTURES if each.suffix == ".webp"], ids=lambda each: each.name)
def test_a_screen_shows_something(picture: Path) -> None:
    with Image.open(picture) as image:
        assert image.width in (390, 1280, 1148)
        assert len(image.convert("L").getcolors() or ()) > 50


def test_the_drawing_of_aws_is_the_one_that_the_command_makes() -> None:
    assert (ROOT / "docs" / "pictures" / "aws.svg").read_text() == drawings.aws()


@pytest.mark.postgres
def test_the_drawing_of_the_tables_is_that_of_the_catalogue(warehouse_url: str) -> None:
    with connected(SecretStr(warehouse_url)) as connection:
        drawn = drawings.model(connection)
    assert (ROOT / "docs" / "pictures" / "model.svg").read_text() == drawn, "run: make docs"
