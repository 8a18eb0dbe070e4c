"""Every command that a page or a help text shows is one that `tidemark` understands."""

import re
import shlex
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from tidemark.cli.main import VERBS, app

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md", ROOT / "deploy" / "README.md",
    *sorted({*(ROOT / "docs").rglob("*.md")} - {ROOT / "docs" / "commands.md"}),
    *sorted((ROOT / "sql" / "queries").glob("*.sql")),
]  # fmt: skip
_COMMAND = re.compile(rf"(?:^|[\s`/(])tidemark ((?:{'|'.join(VERBS)})(?: [^`\n|<>#&;)]*)?)", re.MULTILINE)
_STANDS_FOR = {"NAME": "daily_volume", "HOUR": "2026-11-22T15", "FIRST": "2026-11-20", "LAST": "2026-11-22T15"}
MAIN = typer.main.get_command(app)


def commands(text: str) -> list[list[str]]:
    """The commands of a text, word by word; those in running prose are left out."""
    blocks = re.findall(
        r"^```\w*\n(.*?)^```$|^((?: {4}.+\n)+)|`([^`\n]+)`|Example: (.+)", text, re.MULTILINE | re.DOTALL
    )
    lines = "\n".join(part for block in blocks for part in block)
    return [shlex.split(found, comments=True) for found in _COMMAND.findall(lines)]


def parse(words: list[str]) -> None:
    """Read the words as the command would, without running it. Raises typer.BadParameter and its kin."""
    command, verb, rest = MAIN, words[0], [_STANDS_FOR.get(word, word) for word in words[1:]]
    assert isinstance(command, TyperGroup)
    found = command.get_command(typer.Context(command), verb)
    assert found
    if isinstance(found, TyperGroup) and rest:  # a question with options of its own
        verb, *rest = rest
        found = found.get_command(typer.Context(found), verb)
        assert found
    found.make_context(verb, rest)


@pytest.mark.parametrize("page", [page for page in PAGES if commands(page.read_text())], ids=lambda page: page.name)
def test_every_command_of_a_page_is_understood(page: Path) -> None:
    for words in commands(page.read_text()):
        if not words[1:] or "--help" in words:  # the name of a verb
            continue
        try:
            parse(words)
        except Exception as error:
            raise AssertionError(f"{page.name}: tidemark {' '.join(words)}: {error}") from error


def test_the_pages_show_commands_of_most_verbs() -> None:
    shown = {words[0] for page in PAGES for words in commands(page.read_text())}
    assert len(shown & set(VERBS)) > 15
