"""Print a Terraform file as JSON, by the parser that checkov brings; run by the Python of `make tools`."""

import json
import sys
from pathlib import Path

import hcl2

print(json.dumps(hcl2.loads(Path(sys.argv[1]).read_text())))
