"""The page in a real Airflow: a person walks from the calendar to an hour and loads it again; others are refused."""

import json

import httpx
import psycopg2
import pytest
from playwright.sync_api import Browser, expect

from tests.loading import Loading
from tests.support.browser import log_in, needs_chromium
from tidemark.local.services.airflow_environment import passwords_file

pytestmark = [pytest.mark.e2e, pytest.mark.airflow, pytest.mark.timeout(900)]
HOUR = "2026-10-15T07"


def token(loading: Loading, user: str) -> dict[str, str]:
    """Log in as one of Airflow's users, and return what a browser would then send."""
    password = json.loads(passwords_file(loading.airflow.home).read_text())[user]
    answer = httpx.post(f"{loading.airflow.url}/auth/token", json={"username": user, "password": password}, timeout=60)
    return {"Cookie": f"_token={answer.json()['access_token']}"}


def loads_of(loading: Loading, hour: str) -> int:
    connection = psycopg2.connect(loading.warehouse_url)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM ops.load_run WHERE source_hour = %s", (f"{hour}:00Z",))
        found: int = cursor.fetchone()[0]
    connection.close()
    return found


@pytest.fixture(scope="module")
def loaded(loading: Loading) -> Loading:
    """The same Airflow with one hour loaded."""
    loading.archive(HOUR)
    loading.airflow.rest.unpause("load_sales")
    run = loading.airflow.rest.trigger("load_sales", partition_key=HOUR)
    assert loading.airflow.rest.wait("load_sales", run) == "success"
    return loading


@needs_chromium
def test_a_person_walks_from_the_calendar_to_an_hour_and_loads_it_again(browser: Browser, loaded: Loading) -> None:
    page, complaints = browser.new_page(viewport={"width": 1280, "height": 1000}), list[str]()
    page.on("console", lambda message: complaints.append(message.text) if "Content Security" in message.text else None)
    log_in(page, loaded.airflow)
    page.get_by_role("link", name="Tidemark").click()
    tidemark = page.frame_locator("iframe")
    october, earlier = tidemark.get_by_role("heading", name="October 2026"), tidemark.locator("a[rel=prev]")
    expect(october.or_(earlier).first).to_be_visible()
    while not october.is_visible():  # other tests of this Airflow load hours of today
        month = earlier.inner_text().removeprefix("← ")
        earlier.click()
        expect(tidemark.get_by_role("heading", name=month)).to_be_visible()
    before = loads_of(loaded, HOUR)
    tidemark.get_by_title(f"{HOUR[:10]} {HOUR[11:]}:00 UTC").click()
    expect(tidemark.get_by_role("heading", name=f"{HOUR[:10]} 07:00 to 08:00 UTC: covered")).to_be_visible()
    expect(tidemark.get_by_role("img", name="collector-a: 100.00 % covered, 0 gaps")).to_be_visible()
    expect(tidemark.locator(".runs")).to_contain_text("success")
    tidemark.get_by_role("button", name="Load again").click()
    expect(tidemark.get_by_role("status")).to_contain_text("Started the run manual__")
    # the page follows the run by itself
    expect(tidemark.locator(".runs li").first).to_contain_text("success")
    expect(tidemark.locator(".runs li")).to_have_count(2)
    assert loads_of(loaded, HOUR) == before + 1
    assert complaints == []
    page.close()


def test_an_hour_shows_the_run_whose_form_names_a_range_with_it(loaded: Loading) -> None:
    hours = ["2026-10-15T02", "2026-10-15T03", "2026-10-15T04"]
    for hour in hours:
        loaded.archive(hour)
    run = loaded.airflow.rest.trigger("load_sales", hour=hours[0], last_hour=hours[-1])
    for hour in (*hours, HOUR):
        answer = httpx.get(f"{loaded.airflow.url}/tidemark/?hour={hour}", headers=token(loaded, "admin"), timeout=60)
        assert (run in answer.text) == (hour in hours)
    assert loaded.airflow.rest.wait("load_sales", run) == "success"
    events = loaded.airflow.rest.get("/assets/events", source_run_id=run)["asset_events"]
    assert sorted(event["partition_key"] for event in events) == hours


def test_without_a_login_nothing_is_shown_or_loaded(loaded: Loading) -> None:
    for method, path in (("GET", "/tidemark/"), ("POST", "/tidemark/load")):
        answer = httpx.request(
            method, f"{loaded.airflow.url}{path}", data={"hour": HOUR} if method == "POST" else None, timeout=60
        )
        assert answer.status_code == 401
        assert "you are not logged in to Airflow" in answer.text
        assert "collector-a" not in answer.text
    forged = httpx.get(
        f"{loaded.airflow.url}/tidemark/", headers={"Cookie": "_token=eyJhbGciOiJub25lIn0.e30."}, timeout=60
    )
    assert forged.status_code in (401, 403)


def test_who_may_only_look_has_no_button_and_is_refused(loaded: Loading) -> None:
    viewer = token(loaded, "viewer")
    answer = httpx.get(f"{loaded.airflow.url}/tidemark/?hour={HOUR}", headers=viewer, timeout=60)
    assert answer.status_code == 200
    assert "collector-a" in answer.text
    assert "Load again" not in answer.text
    own = viewer | {"Sec-Fetch-Site": "same-origin"}
    assert (
        httpx.post(f"{loaded.airflow.url}/tidemark/load", data={"hour": HOUR}, headers=own, timeout=60).status_code
        == 403
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {},
    ],
)
def test_another_sites_page_cannot_load_with_the_persons_cookie(loaded: Loading, headers: dict[str, str]) -> None:
    cookie = token(loaded, "admin")
    sent = httpx.post(f"{loaded.airflow.url}/tidemark/load", data={"hour": HOUR}, headers=cookie | headers, timeout=60)
    assert sent.status_code == 403


def test_an_address_cannot_put_words_into_the_page(loaded: Loading) -> None:
    answer = httpx.get(
        f"{loaded.airflow.url}/tidemark/?hour={HOUR}&started=call-me", headers=token(loaded, "admin"), timeout=60
    )
    assert "call-me" not in answer.text


def test_bad_hours_are_told_and_start_nothing(loaded: Loading) -> None:
    runs = len(list(loaded.airflow.rest.runs("load_sales")))
    admin = token(loaded, "admin") | {"Origin": loaded.airflow.url}
    for hour in ("", "2099-01-01T00", "<script>"):
        answer = httpx.post(f"{loaded.airflow.url}/tidemark/load", data={"hour": hour}, headers=admin, timeout=60)
        assert answer.status_code in (400, 422)
        assert "<script>" not in answer.text
    assert len(list(loaded.airflow.rest.runs("load_sales"))) == runs


def test_the_policy_allows_no_script_and_no_other_sites_frame(loaded: Loading) -> None:
    answer = httpx.get(f"{loaded.airflow.url}/tidemark/", headers=token(loaded, "admin"), timeout=60)
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert policy.endswith("frame-ancestors 'self'")
    assert "unsafe" not in policy
    assert answer.headers["Cache-Control"] == "no-store"
