"""One word for one thing: the names that people see are those of the glossary."""

import re
from pathlib import Path

from collector.metrics import families
from tests.deploy.test_observability import STATUS
from tidemark.archive.ledger import Entry
from tidemark.archive.manifest import Manifest
from tidemark.archive.reasons import Reason
from tidemark.cli.main import VERBS

DOCS = Path(__file__).parents[2] / "docs"
MOST = 30
# words that a name may not hold although no glossary line forbids them: private words of earlier versions
RETIRED = {"told", "withdrawn", "touched", "stretch", "doubt", "moment", "lane", "verdict", "witness", "keeper"}


def rows() -> list[list[str]]:
    """The glossary's lines: term, meaning, name, word that is not used."""
    lines = re.findall(r"^\| (.+) \|$", (DOCS / "glossary.md").read_text(), re.MULTILINE)
    return [line.split(" | ") for line in lines if not line.startswith("term ")]


def public_names() -> set[str]:
    """Every name that a person meets: settings, metrics, tables, columns, verbs, ledger entries, fields, reasons."""
    names = set(re.findall(r"`(TIDEMARK_[A-Z_]+)`", (DOCS / "settings.md").read_text()))
    names |= {sample.name for family in families(STATUS) for sample in family.samples}
    for table in (DOCS / "warehouse.md").read_text().split("\n### `")[1:]:
        name = table.partition("`")[0]
        names |= {name} | {f"{name}.{column}" for column in re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)}
    names |= set(VERBS) | {entry.__name__.lower() for entry in Entry.__args__} | set(Manifest.__struct_fields__)
    return names | {str(reason) for reason in Reason}


def test_the_glossary_is_short_sorted_and_has_one_sentence_a_term() -> None:
    terms = [row[0] for row in rows()]
    assert 0 < len(terms) <= MOST
    assert terms == sorted(set(terms))
    assert all(re.fullmatch(r"[A-Z][^.]*\.", row[1].replace("`collection:<slug>`", "")) for row in rows())


def test_every_name_in_the_glossary_exists() -> None:
    assert {row[2].strip("`") for row in rows()} - public_names() == set()


def test_no_name_holds_a_word_that_is_not_used() -> None:
    banned = RETIRED | {row[3] for row in rows()}
    found = {name for name in public_names() if banned & set(re.split(r"[._]", name.lower()))}
    assert found == set()
