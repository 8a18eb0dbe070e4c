from pathlib import Path

from tidemark.local.environment import Source, asking, bare, collecting, loading, uploading


def test_nothing_of_the_persons_own_setup_leads_elsewhere() -> None:
    environ = {
        "PATH": "/bin", "AWS_PROFILE": "work", "TIDEMARK_BUCKET": "real", "OPENSEA_API_KEY": "k",
        "AIRFLOW_HOME": "/a", "AIRFLOW__CORE__EXECUTOR": "x", "PGHOST": "db",
    }  # fmt: skip
    assert bare(environ) == {
        "PATH": "/bin", "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost",
        "PYTHONUNBUFFERED": "1", "PYTHONSAFEPATH": "1",
    }  # fmt: skip


def test_a_proxy_keeps_its_own_exceptions_and_gets_loopback() -> None:
    assert bare({"NO_PROXY": "intranet"})["NO_PROXY"] == "intranet,127.0.0.1,localhost"


FAST = "2026-11-20T10:00:00Z@1763800000*180"
SIMULATED = Source(
    "the simulator",
    stream={"TIDEMARK_STREAM_URL": "ws://x"},
    api={"TIDEMARK_API_URL": "http://x"},
    keys={"collector-a": "key-a", "collector-b": "key-b"},
)


def test_collector_and_uploader_work_in_one_spool_under_one_name() -> None:
    collector = collecting("collector-b", Path("/s"), SIMULATED, clock=FAST)
    uploader = uploading("collector-b", Path("/s"), clock=FAST)
    shared = ("TIDEMARK_COLLECTOR", "TIDEMARK_SPOOL", "TIDEMARK_CLOCK")
    assert [collector[name] for name in shared] == [uploader[name] for name in shared] == ["collector-b", "/s", FAST]
    assert (collector["OPENSEA_API_KEY"], collector["TIDEMARK_STREAM_URL"]) == ("key-b", "ws://x")
    assert "OPENSEA_API_KEY" not in uploader


def test_a_quick_clock_has_quick_heartbeats() -> None:
    assert collecting("collector-a", Path("/s"), SIMULATED)["TIDEMARK_HEARTBEAT"] == "30.000"
    assert collecting("collector-a", Path("/s"), SIMULATED, clock=FAST)["TIDEMARK_HEARTBEAT"] == "0.167"


def test_the_loader_waits_for_both_collectors_and_asks_the_same_market() -> None:
    settings = loading("postgresql://w", SIMULATED)
    assert settings["TIDEMARK_COLLECTORS"] == "collector-a,collector-b"
    assert (settings["OPENSEA_API_KEY"], settings["TIDEMARK_API_URL"]) == ("key-a", "http://x")


def test_opensea_itself_needs_no_address_and_a_key_is_never_shown() -> None:
    opensea = Source("OpenSea", keys={"collector-a": "s3cret"})
    assert not {"TIDEMARK_STREAM_URL", "TIDEMARK_API_URL"} & {
        *collecting("collector-a", Path("/s"), opensea, clock=""), *loading("postgresql://w", opensea)
    }  # fmt: skip
    assert "s3cret" not in repr(opensea)
    assert "OPENSEA_API_KEY" not in loading("postgresql://w", Source("nothing"))


def test_psql_finds_the_warehouse_without_a_password_on_its_command_line() -> None:
    assert asking("postgresql://tide:p%40ss@127.0.0.1:5433/warehouse") == {
        "PGHOST": "127.0.0.1", "PGPORT": "5433", "PGUSER": "tide", "PGPASSWORD": "p@ss", "PGDATABASE": "warehouse"
    }  # fmt: skip
