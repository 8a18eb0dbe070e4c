from pathlib import Path

from tidemark.local.demo.run_demo import next_steps


def test_the_next_steps_name_the_folder_and_fit_80_columns() -> None:
    text = next_steps(Path(".run/demo"))
    assert ".run/demo/s3/tidemark" in text
    assert "tidemark up --demo" in text
    assert max(map(len, text.replace(".venv-other", ".venv").splitlines())) <= 80
