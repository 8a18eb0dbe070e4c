"""What a shell completes: it shows no errors, so a warehouse that does not answer has no names.

Names come from messages, and a shell puts them into its line as they are: only those without a sign that a shell or a
terminal obeys are offered.
"""

import re
from collections.abc import Callable, Iterable
from contextlib import suppress

_HARMLESS = re.compile(r"\w[\w.-]*")


class _Offer(str):
    """A name that typer offers: by itself it leaves out those that begin in another spelling than was written."""

    __slots__ = ()

    def startswith(self, *_: object) -> bool:
        """Say yes."""
        return True


def beginning(incomplete: str, names: Iterable[str]) -> list[str]:
    """Return the names that begin so, in any case, with dashes or underscores."""
    wanted = _plain(incomplete)
    return [_Offer(name) for name in names if _plain(name).startswith(wanted) and _HARMLESS.fullmatch(name)]


def _plain(name: str) -> str:
    return name.lower().replace("-", "_")


def names(parameter: str) -> Callable[[str], list[str]]:
    """Return what completes a parameter of a question: the warehouse's collections or chains."""

    def complete(incomplete: str) -> list[str]:
        """Return the names of the warehouse that begin so, or of chains have another name that does."""
        from tidemark.query.names import chains_called
        from tidemark.query.postgres import known_names
        from tidemark.storage.settings import WarehouseSettings

        with suppress(Exception):
            known = known_names(WarehouseSettings().warehouse_url, parameter)
            called = sorted(chains_called(incomplete).intersection(known)) if parameter == "chain" else []
            return list(dict.fromkeys([*beginning(incomplete, known), *beginning("", called)]))
        return []

    return complete


def event_types(incomplete: str) -> list[str]:
    """Return the event types that begin so."""
    from tidemark.archive.event_type import EVENT_TYPES

    return beginning(incomplete, EVENT_TYPES)


def exported_tables(incomplete: str) -> list[str]:
    """Return the tables of an export that begin so."""
    with suppress(ImportError):
        from tidemark.query.exported import TABLES

        return beginning(incomplete, (each.name for each in TABLES))
    return []


def checks_beginning(incomplete: str) -> list[str]:
    """Return the checks of the warehouse that begin so."""
    from tidemark.storage.files import shipped

    return beginning(incomplete, sorted(file.stem for file in (shipped("sql") / "checks").glob("*.sql")))
