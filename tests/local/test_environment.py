from pathlib import Path

from local.environment import bare, collecting, loading, uploading


def test_nothing_of_the_persons_own_setup_leads_elsewhere() -> None:
    environ = {
        "PATH": "/bin", "AWS_PROFILE": "work", "TIDEMARK_BUCKET": "real", "OPENSEA_API_KEY": "k",
        "AIRFLOW_HOME": "/a", "AIRFLOW__CORE__EXECUTOR": "x", "PGHOST": "db",
    }  # fmt: skip
    assert bare(environ) == {
        "PATH": "/bin", "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost", "PYTHONUNBUFFERED": "1"
    }  # fmt: skip


def test_a_proxy_keeps_its_own_exceptions_and_gets_loopback() -> None:
    assert bare({"NO_PROXY": "intranet"})["NO_PROXY"] == "intranet,127.0.0.1,localhost"


def test_collector_and_uploader_work_in_one_spool_under_one_name() -> None:
    collector = collecting("collector-a", Path("/s"), stream_url="ws://x", api_key="k", clock="c")
    uploader = uploading("collector-a", Path("/s"), clock="c")
    shared = ("TIDEMARK_COLLECTOR", "TIDEMARK_SPOOL", "TIDEMARK_CLOCK")
    assert [collector[name] for name in shared] == [uploader[name] for name in shared] == ["collector-a", "/s", "c"]


def test_the_loader_waits_for_both_collectors() -> None:
    settings = loading("postgresql://w", api_url="http://x", api_key="k")
    assert settings["TIDEMARK_COLLECTORS"] == "collector-a,collector-b"
