"""`tidemark collect`: record the stream."""


def collect() -> None:
    """Record the OpenSea stream until stopped: every message, unchanged, in hourly files, with a coverage ledger.

    SIGTERM or Ctrl-C stops it within seconds, with everything on disk. SIGHUP reads the collections file again.
    Settings are environment variables or .env; docs/settings.md describes each.

    \b
    Example:
      export OPENSEA_API_KEY=... TIDEMARK_COLLECTOR=collector-a
      TIDEMARK_SPOOL=/var/lib/tidemark tidemark collect
    """
    from collector.program import main
    from collector.settings import CollectorSettings

    main(CollectorSettings())
