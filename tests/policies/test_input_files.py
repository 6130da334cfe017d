"""What is read of files and folders, and that nothing which may hold a policy goes missing without a word."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from loopmesh.model.problem import InvalidInputError
from loopmesh.policies import read_application, read_files, read_secrets
from tests.policies.reading import problems_of
from tests.unprivileged import unprivileged


def contents(folder: Path) -> list[bytes]:
    return [content for _, content in read_files([folder])]


def write(folder: Path, *names: str) -> None:
    """Files that hold their own names."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)


def refused(folder: Path, *paths: Path) -> list[str]:
    with pytest.raises(InvalidInputError) as caught:
        read_files(paths or [folder])
    return [str(problem).replace(f"{folder}/", "") for problem in caught.value.problems]


def test_a_folder_is_read_in_the_order_of_its_names(tmp_path: Path) -> None:
    write(tmp_path, "b/two.yml", "a/one.yaml", "a/notes.txt", "c/folder.yaml/three.yaml", "d/four.json", "d/five.YAML")
    names = [b"a/one.yaml", b"b/two.yml", b"c/folder.yaml/three.yaml", b"d/five.YAML", b"d/four.json"]
    assert contents(tmp_path) == names


def test_every_path_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "dangling.yaml").symlink_to(tmp_path / "nowhere")
    names = ("missing.yaml", "empty", "dangling.yaml")
    another = "name a file or folder that exists and may be read"
    assert refused(tmp_path, *(tmp_path / name for name in names)) == [
        f"dangling.yaml: it cannot be read: No such file or directory; {another}",
        "empty: the folder holds no YAML file; name a folder with *.yaml, *.yml or *.json files",
        f"missing.yaml: it cannot be read: No such file or directory; {another}",
    ]


def test_an_endless_file_is_refused() -> None:
    assert problems_of(read_files([Path(os.devnull).with_name("zero")])[0][1]) == [
        "0.yaml: the file is too large: a file has at most 16777216 bytes; split it"
    ]


@pytest.fixture
def locked() -> Iterator[Path]:
    """A folder whose `locked` nobody but root may look into."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        write(folder, "open/one.yaml", "locked/two.yaml")
        (folder / "locked").chmod(0)
        yield folder
        (folder / "locked").chmod(0o755)


LOCKED = "it cannot be read: Permission denied; let it be read, or take it out of the folder"


def test_a_folder_that_cannot_be_read_is_not_passed_over(locked: Path) -> None:
    with unprivileged():
        assert refused(locked) == [f"locked: {LOCKED}"]


def test_a_link_into_a_folder_that_cannot_be_read_is_not_passed_over(locked: Path) -> None:
    (locked / "open" / "linked").symlink_to(locked / "locked" / "deeper")
    with unprivileged():
        assert refused(locked / "open") == [f"linked: {LOCKED}"]


def test_what_is_named_in_a_folder_that_cannot_be_read_is_told_so(locked: Path) -> None:
    inside = locked / "locked" / "two.yaml"
    said = "locked/two.yaml: it cannot be read: Permission denied; name a file or folder that exists and may be read"
    with unprivileged():
        assert refused(locked, inside) == [said]
        with pytest.raises(InvalidInputError, match="Permission denied"):
            read_application(inside)
        with pytest.raises(InvalidInputError, match="Permission denied"):
            read_secrets(locked / "locked", "shop")


def test_a_link_that_leads_nowhere_is_not_passed_over(tmp_path: Path) -> None:
    write(tmp_path, "one.yaml")
    (tmp_path / "team").symlink_to(tmp_path / "unmounted")
    gone = "it cannot be read: No such file or directory; let it be read, or take it out of the folder"
    assert refused(tmp_path) == [f"team: {gone}"]


def test_folders_that_links_lead_to_are_read(tmp_path: Path) -> None:
    write(tmp_path, "elsewhere/two.yaml", "policies/one.yaml")
    (tmp_path / "policies" / "linked").symlink_to(tmp_path / "elsewhere")
    assert [name for name, _ in read_files([tmp_path / "policies"])] == [
        f"{tmp_path}/policies/linked/two.yaml",
        f"{tmp_path}/policies/one.yaml",
    ]


def test_a_link_to_a_folder_around_it_ends(tmp_path: Path) -> None:
    write(tmp_path, "a/one.yaml")
    (tmp_path / "a" / "around").symlink_to(tmp_path)
    assert contents(tmp_path) == [b"a/one.yaml"]


def test_what_kubernetes_mounts_of_a_config_map_is_read_once_by_its_own_names(tmp_path: Path) -> None:
    write(tmp_path, "..2026_11_26_05_00_00.123/one.yaml", "..2026_11_26_05_00_00.123/below/two.yaml")
    (tmp_path / "..data").symlink_to("..2026_11_26_05_00_00.123")
    (tmp_path / "one.yaml").symlink_to("..data/one.yaml")
    (tmp_path / "below").symlink_to("..data/below")
    assert [name for name, _ in read_files([tmp_path])] == [f"{tmp_path}/below/two.yaml", f"{tmp_path}/one.yaml"]


def test_a_file_that_is_named_twice_is_read_once(tmp_path: Path) -> None:
    write(tmp_path, "one.yaml", "two.yaml")
    assert [content for _, content in read_files([tmp_path / "two.yaml", tmp_path, tmp_path])] == [
        b"two.yaml",
        b"one.yaml",
    ]


def test_a_pipe_that_lies_in_a_folder_is_not_waited_for(tmp_path: Path) -> None:
    write(tmp_path, "one.yaml")
    os.mkfifo(tmp_path / "two.yaml")
    assert refused(tmp_path) == ["two.yaml: it is no regular file; take it out of the folder"]


def test_a_pipe_that_is_named_is_read() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"kind: Nothing")
    os.close(writing)
    assert [content for _, content in read_files([Path(f"/dev/fd/{reading}")])] == [b"kind: Nothing"]
    os.close(reading)


def test_a_file_whose_name_is_no_text_is_read(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff.yaml")).write_text("kind: Nothing")
    assert read_files([tmp_path]) == [(f"{tmp_path}/\\xff.yaml", b"kind: Nothing")]


def test_a_folder_that_vanishes_while_it_is_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "a/one.yaml", "b/two.yaml")
    scan = os.scandir

    def scan_late(folder: Path) -> object:
        found = scan(folder)
        if folder == tmp_path / "a":
            (tmp_path / "b" / "two.yaml").unlink()
            (tmp_path / "b").rmdir()
        return found

    monkeypatch.setattr(os, "scandir", scan_late)
    gone = "it cannot be read: No such file or directory; let it be read, or take it out of the folder"
    assert refused(tmp_path) == [f"b: {gone}"]
