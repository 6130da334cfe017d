"""From the model to typed Envoy messages. Enters: topology and policies. Leaves: a configuration per workload.

Names and semantics follow Istio, so that `istioctl proxy-config` reads the result. Never: processes, files, sockets.
"""

from loopmesh.compile.differences import differences
from loopmesh.compile.health_listener import health_listener
from loopmesh.compile.mesh import compile_mesh, outside_secrets
from loopmesh.compile.patch import AppliedPatch, applied_patches
from loopmesh.compile.proxy_config import ProxyConfig
from loopmesh.compile.rendering import (
    assumed_topology,
    compiled_files,
    differing_files,
    rendered_files,
    write_files,
)
from loopmesh.compile.token_filter import token_sources

__all__ = [
    "AppliedPatch",
    "ProxyConfig",
    "applied_patches",
    "assumed_topology",
    "compile_mesh",
    "compiled_files",
    "differences",
    "differing_files",
    "health_listener",
    "outside_secrets",
    "rendered_files",
    "token_sources",
    "write_files",
]
