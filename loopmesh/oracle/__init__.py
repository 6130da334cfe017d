"""Istio itself as a second opinion: its configuration generator, built with Go, asked about this mesh.

Enters: the topology and the user's policies as they were written. Leaves: what istiod would send to every proxy, moved
to this machine's addresses; or what Istio has against the policies. Never: changes what a policy means.
"""

from loopmesh.oracle.binary import prepare_generator
from loopmesh.oracle.breaking import breaking_policies
from loopmesh.oracle.errors import BrokenError, OracleError, RefusedError
from loopmesh.oracle.generator import Generator
from loopmesh.oracle.host_addresses import HostAddresses
from loopmesh.oracle.packed_types import load_packed_types
from loopmesh.oracle.placement import PlacedResources, Placement, place_resources
from loopmesh.oracle.question import Question, ask_about
from loopmesh.oracle.spans import unnamed_sampling_percent

__all__ = [
    "BrokenError",
    "Generator",
    "HostAddresses",
    "OracleError",
    "PlacedResources",
    "Placement",
    "Question",
    "RefusedError",
    "ask_about",
    "breaking_policies",
    "load_packed_types",
    "place_resources",
    "prepare_generator",
    "unnamed_sampling_percent",
]
