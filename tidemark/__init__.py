"""Everything of Tidemark that is imported, but the collector: one folder per stage, in layers that import-linter holds.

`cli` > `local` > `airflow` > `loader`, `query`, `simulator` > `storage` > `archive` > `core`; what comes first may
import what comes after it. The program on EC2 is the package `collector`, beside this one.

    import tidemark
    tidemark.query("daily_volume", collection="pudgypenguins").to_pandas()
"""

from importlib import import_module


def __getattr__(name: str) -> object:
    """Import `tidemark.query`, which can be called, when it is first asked for."""
    if name == "query":
        return import_module("tidemark.query")
    raise AttributeError(f"module 'tidemark' has no attribute {name!r}")
