"""Runs the protobuf compiler: typed Python stubs of every contract, and a descriptor set of the shop's."""

import shutil
import sys
from pathlib import Path

import grpc_tools
from grpc_tools import protoc

from tools.proto.include import prepare_include

PROTO = Path("proto")
WELL_KNOWN = Path(grpc_tools.__file__).parent / "_proto"


class CompilerError(Exception):
    """protoc refused a contract; it has already said why on stderr."""


def contract_files(package: str) -> list[str]:
    """The files of `shop` or `loopmesh`, relative to `proto/`."""
    return sorted(str(path.relative_to(PROTO)) for path in (PROTO / package).rglob("*.proto"))


def write_stubs(root: Path) -> None:
    """Writes `gen/python` and the tool's own `loopmesh/admin` below `root`."""
    shop = root / "gen/python"
    shutil.rmtree(shop, ignore_errors=True)
    shop.mkdir(parents=True)
    _compile([*_python_outputs(shop), *contract_files("shop"), "buf/validate/validate.proto"])
    shutil.rmtree(root / "loopmesh/admin", ignore_errors=True)
    _compile([*_python_outputs(root), *contract_files("loopmesh")])
    for folder in ("loopmesh/admin", "loopmesh/admin/v1"):
        (root / folder / "__init__.py").write_text("")


def write_descriptors(target: Path) -> None:
    """Writes the shop's contracts with all they import, without comments."""
    target.parent.mkdir(parents=True, exist_ok=True)
    _compile([f"--descriptor_set_out={target}", "--include_imports", *contract_files("shop")])


def _python_outputs(target: Path) -> list[str]:
    outputs = ("python_out=", "grpc_python_out=", "mypy_out=quiet:", "mypy_grpc_out=quiet:")
    tools = Path(sys.executable).parent
    plugins = [f"--plugin=protoc-gen-{name}={tools / f'protoc-gen-{name}'}" for name in ("mypy", "mypy_grpc")]
    return [*plugins, *(f"--{output}{target}" for output in outputs)]


def _compile(arguments: list[str]) -> None:
    paths = [PROTO, prepare_include(), WELL_KNOWN]
    if protoc.main(["protoc", *(f"-I{path}" for path in paths), *arguments]) != 0:
        raise CompilerError(" ".join(arguments))
