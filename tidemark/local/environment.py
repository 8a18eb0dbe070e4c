"""The environment of each program of the local system. Pure; secrets travel here and on no command line."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tidemark.core.clock import Clock

BUCKET = "tidemark"
COLLECTORS = ("collector-a", "collector-b")
# of a market as small as the simulator's single orders and transfers are kept, for floors, spreads and holders
SMALL_MARKET = {"TIDEMARK_BOOK_DEPTH": "100", "TIDEMARK_TRANSFERS": "true"}
_HEARTBEAT = 30.0
_LOOPBACK = "127.0.0.1,localhost"
_OURS = ("AIRFLOW_", "AWS_", "OPENSEA_", "PG", "TIDEMARK_")


@dataclass(frozen=True)
class Source:
    """The market that is recorded: OpenSea or the simulator.

    `stream` and `api` are the settings that tell collector and loader where it is and what of it is wanted; empty
    ones mean OpenSea and everything. `keys` holds an API key for each collector.
    """

    name: str
    stream: dict[str, str] = field(default_factory=dict)
    api: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict, repr=False)


def bare(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the person's environment without anything that would point a program elsewhere.

    A proxy that the machine uses for the world is told to leave loopback alone.
    """
    kept = {name: value for name, value in environ.items() if not name.startswith(_OURS)}
    for name in ("NO_PROXY", "no_proxy"):
        kept[name] = ",".join(filter(None, (kept.get(name), _LOOPBACK)))
    return kept | {"PYTHONUNBUFFERED": "1", "PYTHONSAFEPATH": "1"}


def collecting(
    collector: str, spool: Path, source: Source, *, clock: str = "", metrics_port: int = 0
) -> dict[str, str]:
    """Return the settings of `tidemark collect`; an empty `clock` is the real one, port 0 serves no metrics."""
    return {
        "TIDEMARK_COLLECTOR": collector,
        "TIDEMARK_SPOOL": str(spool),
        "TIDEMARK_METRICS_PORT": str(metrics_port),
        "TIDEMARK_CLOCK": clock,
        # what proves that the connection lives comes as often in an hour that passes quickly
        "TIDEMARK_HEARTBEAT": f"{_HEARTBEAT / Clock.parse(clock).rate:.3f}",
        "OPENSEA_API_KEY": source.keys[collector],
        **source.stream,
    }


def uploading(collector: str, spool: Path, *, clock: str) -> dict[str, str]:
    """Return the settings of `tidemark upload`, without those of S3 itself."""
    return {
        "TIDEMARK_COLLECTOR": collector,
        "TIDEMARK_SPOOL": str(spool),
        "TIDEMARK_BUCKET": BUCKET,
        "TIDEMARK_CLOCK": clock,
    }


def loading(warehouse_url: str, source: Source) -> dict[str, str]:
    """Return the settings of the loader, without those of S3 itself. Repair needs a key."""
    key = next(iter(source.keys.values()), None)
    return {
        "TIDEMARK_WAREHOUSE_URL": warehouse_url,
        "TIDEMARK_BUCKET": BUCKET,
        "TIDEMARK_COLLECTORS": ",".join(COLLECTORS),
        **source.api,
        **({"OPENSEA_API_KEY": key} if key else {}),
    }


def asking(warehouse_url: str) -> dict[str, str]:
    """Return what `psql` needs to reach a warehouse."""
    url = urlsplit(warehouse_url)
    return {
        "PGHOST": url.hostname or "",
        "PGPORT": str(url.port),
        "PGUSER": unquote(url.username or ""),
        "PGPASSWORD": unquote(url.password or ""),
        "PGDATABASE": unquote(url.path.lstrip("/")),
    }
