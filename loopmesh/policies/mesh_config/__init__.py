"""Istio's mesh config: a file called `meshconfig.yaml` among the policies. Leaves: the settings of the mesh."""

from loopmesh.policies.mesh_config.settings import read_mesh_settings

__all__ = ["read_mesh_settings"]
