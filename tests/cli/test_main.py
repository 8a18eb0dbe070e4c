from importlib.metadata import version
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tidemark.cli.main import GROUPS, VERBS, app


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_each_verb_shows_an_example(verb: str) -> None:
    result = CliRunner(env={"COLUMNS": "120", "TERM": "dumb"}).invoke(app, [verb, "--help"])
    assert result.exit_code == 0
    _, _, examples = result.output.partition("Example")
    assert f"tidemark {verb}" in examples, result.output


def test_every_verb_is_listed_with_what_it_does() -> None:
    listed = CliRunner(env={"COLUMNS": "120", "TERM": "dumb"}).invoke(app, ["--help"]).output
    assert all(f" {verb} " in listed for verb in VERBS)


def test_a_verb_file_that_is_not_listed_would_be_forgotten() -> None:
    files = [
        file
        for file in (Path(__file__).parents[2] / "tidemark/cli").glob("*.py")
        if f"\ndef {file.stem}(" in file.read_text()
    ]
    assert {file.stem for file in files} == {*VERBS, "main"}


def test_the_help_groups_the_verbs_by_what_a_person_does() -> None:
    listed = CliRunner(env={"COLUMNS": "80", "TERM": "dumb"}).invoke(app, ["--help"]).output
    words = [word for group, verbs in GROUPS.items() for word in (group, *(f"│ {verb} " for verb in verbs))]
    places = [listed.index(word) for word in words]
    assert places == sorted(places)


def test_the_version_is_that_of_the_installed_distribution() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.output) == (0, f"tidemark {version('tidemark-nft')}\n")
