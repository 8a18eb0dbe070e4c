"""Run every benchmark, or those named: `python -m bench upload compression`."""

import signal
import sys
from importlib import import_module
from pathlib import Path

from bench.results import print_results

signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # not before its servers are, and huge pages given back
for name in sys.argv[1:] or sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py")):
    module = import_module(f"bench.{name}")
    if hasattr(module, "main"):
        print(f"== {name}", flush=True)
        module.main()
print_results()
