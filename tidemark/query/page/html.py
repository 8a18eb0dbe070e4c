"""The page as HTML: one document with its styles inside and no script, in front of a policy that allows none."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.core.version import SOFTWARE
from tidemark.query.answer import shown
from tidemark.query.page.calendar import VIEWS, Mark
from tidemark.query.page.page import Asked, Page, month_after, month_of

_FOLDER = Path(__file__).parent
_CSS = (_FOLDER / "page.css").read_text()
_CSS_HASH = base64.b64encode(hashlib.sha256(_CSS.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_CSS_HASH}'; form-action 'self'; base-uri 'none'"


@dataclass(frozen=True, slots=True)
class Run:
    """A run of Airflow that loaded or loads the hour: its name, its state and its address."""

    name: str
    state: str
    at: str
    url: str


@dataclass(frozen=True, slots=True)
class Home:
    """Where the page is shown, and what can be done there.

    `is_file` is the static file, in which every hour is explained and a link leads within the document. With
    `may_load` the hour has a button that posts to `load`; `airflow` is the address of the page that has one, where it
    is another. `runs` are Airflow's of the chosen hour, `notice` is what was just done.
    """

    is_file: bool = False
    may_load: bool = False
    airflow: str = ""
    runs: Sequence[Run] = ()
    notice: str = ""


def html_of(page: Page, home: Home) -> str:
    """Write the page."""
    asked = page.asked
    months = _months(page)
    return _template("page.html").render(
        page=page,
        home=home,
        views=VIEWS,
        marks=Mark,
        months=months,
        explained={detail.hour for detail in page.details},
        to_hour=(lambda hour: f"#{hour.key}") if home.is_file else (lambda hour: address(asked, hour=hour) + "#hour"),
        to_month=lambda hour: address(asked, month=hour),
        to_view=lambda view: address(asked, view=view, hour=asked.hour, month=asked.month),
    )


def html_of_problem(problem: Problem) -> str:
    """Write a page that says what is wrong and what to do."""
    return _template("problem.html").render(problem=problem)


def address(asked: Asked, *, hour: Hour | None = None, month: Hour | None = None, view: str = "") -> str:
    """Return the address, relative to the page, that changes some of what was asked for and keeps the rest."""
    values = {
        "month": month.key[:7] if month else "",
        "hour": hour.key if hour else "",
        "collection": asked.collection or "",
        "view": view or asked.view,
    }
    return f"?{urlencode({name: value for name, value in values.items() if value})}"


def _months(page: Page) -> tuple[Hour | None, Hour | None]:
    """Return the months before and after, where there is anything in them."""
    if not page.loaded:
        return None, None
    newest = max(page.loaded[1], Hour.of(page.now))
    before, after = month_of(page.first.previous()), month_after(page.first)
    return (before if page.loaded[0] < page.first else None), (after if after <= newest else None)


def _template(name: str) -> Template:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"css": Markup(_CSS), "policy": POLICY, "software": SOFTWARE}  # noqa: S704 - our own file
    environment.filters["shown"] = shown
    return environment.get_template(name)
