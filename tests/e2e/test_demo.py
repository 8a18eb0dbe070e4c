"""The demo as a person sees it: it answers yes, and it leaves nothing behind, however it ends."""

import os
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.e2e.test_secrets import texts
from tests.loading import PLANTED
from tidemark.local.environment import bare
from tidemark.local.process import tidemark
from tidemark.local.services.simulator import KEYS

pytestmark = [pytest.mark.long, pytest.mark.e2e, pytest.mark.airflow, pytest.mark.postgres, pytest.mark.timeout(1800)]


class Demo:
    """A demo that runs in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._output = folder / "output"
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                tidemark("demo"), cwd=folder, env=bare(os.environ) | PLANTED, stdout=output, stderr=output,
                start_new_session=True,
            )  # fmt: skip

    @property
    def said(self) -> str:
        return self._output.read_text()

    def wait_for(self, text: str) -> None:
        while text not in self.said:
            assert self.process.poll() is None, self.said
            time.sleep(0.1)

    def programs(self) -> set[psutil.Process]:
        """Every process that descends from the demo or works in its folder."""
        return set(psutil.Process(self.process.pid).children(recursive=True)) | {
            process
            for process in psutil.process_iter()
            if self._works_here(process) and process.pid != self.process.pid
        }

    def _works_here(self, process: psutil.Process) -> bool:
        try:
            return str(self.folder) in process.cwd() or str(self.folder) in " ".join(process.cmdline())
        except psutil.Error:
            return False


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    demo = Demo(tmp_path)
    yield demo
    demo.process.terminate()
    demo.process.wait(300)


@pytest.mark.parametrize(
    ("moment", "number"), [("S3: ready", signal.SIGINT), ("Airflow: database ready", signal.SIGTERM)]
)
def test_an_interrupted_demo_leaves_no_process_behind(demo: Demo, moment: str, number: signal.Signals) -> None:
    demo.wait_for(moment)
    programs = demo.programs()
    assert len(programs) >= 3
    demo.process.send_signal(number)
    assert demo.process.wait(300) == 130, demo.said
    assert demo.said.rstrip().endswith("interrupted; everything is stopped")
    _, alive = psutil.wait_procs(programs, 60)
    assert alive == []
    assert [process for process in psutil.process_iter() if demo._works_here(process)] == []


def test_the_next_demo_clears_away_what_a_killed_one_left(demo: Demo) -> None:
    demo.wait_for("simulator: ready")
    left = demo.programs()
    assert len(left) >= 3
    demo.process.kill()
    demo.process.wait(60)
    following = Demo(demo.folder)
    following.wait_for("PostgreSQL: ready")
    assert psutil.wait_procs(left, 60)[1] == []
    following.process.terminate()
    assert following.process.wait(300) == 130


def test_the_demo_answers_yes_and_leaves_its_data_but_no_process(demo: Demo) -> None:
    demo.wait_for("collector-b: started again")
    programs = demo.programs()
    assert demo.process.wait(1500) == 0, demo.said
    assert "Every sale that any collector received is in the warehouse exactly once: yes" in demo.said
    assert "the week before: 165 hours" in demo.said
    assert max(map(len, demo.said.splitlines())) <= 80
    assert "process died" in demo.said
    assert "connection lost" in demo.said
    assert psutil.wait_procs(programs, 60)[1] == []
    folder = demo.folder / ".run" / "demo"
    assert len(list((folder / "s3" / "tidemark" / "manifests").rglob("collector=collector-?.json"))) >= 6
    secret = [*KEYS.values(), *PLANTED.values(), (folder / "postgres" / "password").read_text()]
    holding = [path for path, text in texts(folder) if any(value.encode() in text for value in secret)]
    assert [(path.name, stat.S_IMODE(path.stat().st_mode)) for path in holding] == [("password", 0o600)]
