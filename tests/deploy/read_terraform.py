"""Print a Terraform file as JSON, for the tests; run by the Python of `make tools`."""

import json
import sys
from pathlib import Path

import hcl2

print(json.dumps(hcl2.loads(Path(sys.argv[1]).read_text())))
