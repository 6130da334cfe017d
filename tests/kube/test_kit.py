"""`make test-kube`: what it refuses. What it does is seen by running it."""

from pathlib import Path

from tests.kube.conftest import Machine


def test_a_folder_that_is_no_kit_is_refused(bare: Machine, tmp_path: Path) -> None:
    answer = bare.run("kit", str(tmp_path))
    assert answer.returncode == 1
    assert answer.stderr.startswith(f"{tmp_path} is no cluster kit: it has no config.sh")
