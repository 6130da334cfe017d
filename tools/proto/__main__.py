"""`python -m tools.proto`: regenerates everything derived from proto/. With --check it only compares."""

import argparse
import filecmp
import importlib
import sys
import tempfile
from pathlib import Path

from tools.proto.stubs import write_descriptors, write_stubs

GENERATED = ("gen", "loopmesh/admin", "istio/edge/transcoder.yaml")


def generate(root: Path) -> None:
    """Writes every derived file below `root`."""
    write_stubs(root)
    write_descriptors(root / "gen/shop.binpb")
    # The transcoder is written with the stubs just generated, which are on the environment's import path.
    importlib.invalidate_caches()
    from tools.proto.transcoder import write_transcoder

    write_transcoder(root / "gen/shop.binpb", root / "istio/edge/transcoder.yaml")


def drift(root: Path) -> list[str]:
    """Names of files that differ between the checkout and a fresh generation below `root`."""
    names = {str(path.relative_to(base)) for base in (Path(), root) for path in _files(base)}
    return sorted(name for name in names if not _same(Path(name), root / name))


def _files(base: Path) -> list[Path]:
    found = [base / name for name in GENERATED]
    inside = [path for folder in found if folder.is_dir() for path in folder.rglob("*") if path.is_file()]
    return [path for path in (*found, *inside) if path.is_file() and "__pycache__" not in path.parts]


def _same(one: Path, other: Path) -> bool:
    return one.is_file() and other.is_file() and filecmp.cmp(one, other, shallow=False)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.proto", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a generated file is out of date")
    if not parser.parse_args().check:
        generate(Path())
        return 0
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder))
        stale = drift(Path(folder))
    for name in stale:
        print(f"{name}: differs from what proto/ generates; run `make proto`", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
