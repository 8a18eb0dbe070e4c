"""Check Kubernetes' objects, for the tests: `python render_chart.py FILE [CHART]`, run by the Python of `make tools`.

FILE holds objects, or with CHART, a folder, the values of that Helm chart, which is rendered first. It prints the
objects as one JSON list, or what is wrong with them, with exit status 1.
"""

import json
import sys
from pathlib import Path

import helm_python
import kubernetes_validate
import yaml

OLDEST, NEWEST = "1.30", "1.34"


def main(file: str, chart: str | None = None) -> None:
    texts = [Path(file).read_text()]
    if chart:
        with helm_python.Chart.load(chart) as loaded:
            rendered = loaded.render(yaml.safe_load(texts[0]), name="tidemark", namespace="tidemark")
        texts = [text for name, text in rendered.items() if name.endswith(".yaml")]
    objects = [found for text in texts for found in yaml.safe_load_all(text) if found]
    for found in objects:
        for version in (OLDEST, NEWEST):
            kubernetes_validate.validate(found, version, strict=True)
    print(json.dumps(objects))


if __name__ == "__main__":
    main(*sys.argv[1:])
