from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import httpx
import pytest
from pydantic import SecretStr

from tests.sql.market import fill
from tidemark.core.errors import Problem
from tidemark.local.environment import bare
from tidemark.local.ports import free_port
from tidemark.local.services.page import PageProcess, server

AIRFLOW = "http://127.0.0.1:1/tidemark/"
pytestmark = pytest.mark.postgres


@pytest.fixture
def address(warehouse_url: str) -> Iterator[str]:
    """The address of the page over a warehouse of its own."""
    with server(0, SecretStr(warehouse_url), AIRFLOW) as listening:
        Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01}).start()
        yield f"http://127.0.0.1:{listening.server_port}/"
        listening.shutdown()


def test_the_page_is_read_only_and_leads_to_airflow(address: str, warehouse_url: str) -> None:
    fill(warehouse_url)
    answer = httpx.get(f"{address}?hour=2026-11-20T10", trust_env=False, timeout=60)
    assert answer.status_code == 200
    assert "2026-11-20 10:00 to 11:00 UTC" in answer.text
    assert f'href="{AIRFLOW}?hour=2026-11-20T10#hour"' in answer.text
    assert "<button" not in answer.text.replace('<button type="submit">Show</button>', "")
    assert answer.headers["Content-Security-Policy"].endswith("frame-ancestors 'none'")
    assert httpx.post(address, trust_env=False, timeout=60).status_code == 501


def test_a_bad_address_says_what_to_write(address: str) -> None:
    answer = httpx.get(f"{address}?hour=%3Cscript%3E", trust_env=False, timeout=60)
    assert (answer.status_code, "Write it as 2026-11-22T15" in answer.text) == (503, True)
    assert "<script>" not in answer.text
    assert httpx.get(f"{address}favicon.ico", trust_env=False, timeout=60).status_code == 404


def test_a_name_that_another_site_points_here_is_refused(address: str) -> None:
    assert httpx.get(address, headers={"Host": "evil.example"}, trust_env=False, timeout=60).status_code == 421


def test_a_dead_warehouse_is_said_without_its_password() -> None:
    with server(0, SecretStr(f"postgresql://t:s3cret@127.0.0.1:{free_port()}/w"), AIRFLOW) as listening:
        Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01}).start()
        answer = httpx.get(f"http://127.0.0.1:{listening.server_port}/", trust_env=False, timeout=60)
        listening.shutdown()
    assert answer.status_code == 503
    assert "127.0.0.1" in answer.text
    assert "s3cret" not in answer.text


def test_the_process_listens_when_it_is_started_and_ends_when_stopped(tmp_path: Path, warehouse_url: str) -> None:
    environment = bare({}) | {"TIDEMARK_WAREHOUSE_URL": warehouse_url}
    with PageProcess(tmp_path, environment, port=free_port(), airflow=AIRFLOW) as page:
        assert "No hour has been loaded yet" in httpx.get(page.url, trust_env=False, timeout=60).text
    assert page.pid is None


def test_a_process_without_a_warehouse_says_why_it_did_not_start(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="did not start"):
        PageProcess(tmp_path, bare({}), port=free_port(), airflow=AIRFLOW).start()
