"""The environment of each program of the local system. Pure; secrets travel here and on no command line."""

from collections.abc import Mapping
from pathlib import Path

BUCKET = "tidemark"
COLLECTORS = ("collector-a", "collector-b")
_LOOPBACK = "127.0.0.1,localhost"
_OURS = ("AIRFLOW_", "AWS_", "OPENSEA_", "PG", "TIDEMARK_")


def bare(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the person's environment without anything that would point a program elsewhere.

    A proxy that the machine uses for the world is told to leave loopback alone.
    """
    kept = {name: value for name, value in environ.items() if not name.startswith(_OURS)}
    for name in ("NO_PROXY", "no_proxy"):
        kept[name] = ",".join(filter(None, (kept.get(name), _LOOPBACK)))
    return kept | {"PYTHONUNBUFFERED": "1"}


def collecting(collector: str, spool: Path, *, stream_url: str, api_key: str, clock: str) -> dict[str, str]:
    """Return the settings of `tidemark collect`; an empty `clock` is the real one."""
    return {
        "TIDEMARK_COLLECTOR": collector,
        "TIDEMARK_SPOOL": str(spool),
        "TIDEMARK_STREAM_URL": stream_url,
        "TIDEMARK_CLOCK": clock,
        "OPENSEA_API_KEY": api_key,
    }


def uploading(collector: str, spool: Path, *, clock: str) -> dict[str, str]:
    """Return the settings of `tidemark upload`, without those of S3 itself."""
    return {
        "TIDEMARK_COLLECTOR": collector,
        "TIDEMARK_SPOOL": str(spool),
        "TIDEMARK_BUCKET": BUCKET,
        "TIDEMARK_CLOCK": clock,
    }


def loading(warehouse_url: str, *, api_url: str, api_key: str) -> dict[str, str]:
    """Return the settings of the loader, without those of S3 itself."""
    return {
        "TIDEMARK_WAREHOUSE_URL": warehouse_url,
        "TIDEMARK_BUCKET": BUCKET,
        "TIDEMARK_COLLECTORS": ",".join(COLLECTORS),
        "TIDEMARK_API_URL": api_url,
        "OPENSEA_API_KEY": api_key,
    }
