"""Policies as commands name them: a kind, and names with or without a namespace."""

from collections.abc import Sequence
from pathlib import Path

import click

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.client import default_namespace
from loopmesh.model.mesh_settings import MESH_CONFIG
from loopmesh.policies.document import API_VERSIONS


def named_policies(state: Path, kind: str | None, names: Sequence[str]) -> list[admin_pb2.PolicyName]:
    """A name alone is of the application's namespace. Raises UsageError."""
    if kind is None:
        return []
    if not names:
        raise click.UsageError(f"which {kind}? name at least one")
    known = _kind(kind)
    namespace = default_namespace(state)
    return [_policy(known, name, namespace) for name in names]


def check_one_way(kind: str | None, paths: Sequence[Path]) -> None:
    """That policies to remove are named, or are those of files. Raises UsageError."""
    if paths and kind:
        raise click.UsageError("name policies, or files with -f: with both, all policies of the files would go, too")


def _kind(word: str) -> str:
    """In any case: `virtualservice` is a VirtualService."""
    kinds = (*API_VERSIONS, MESH_CONFIG.kind)
    known = {kind.lower(): kind for kind in kinds}
    if word.lower() not in known:
        raise click.UsageError(f"there is no kind {word}; there are {', '.join(kinds)}")
    return known[word.lower()]


def _policy(kind: str, name: str, default_namespace: str) -> admin_pb2.PolicyName:
    """The mesh config is of no application's namespace."""
    namespace, slash, own = name.rpartition("/")
    default = MESH_CONFIG.namespace if kind == MESH_CONFIG.kind else default_namespace
    return admin_pb2.PolicyName(kind=kind, namespace=namespace if slash else default, name=own)
