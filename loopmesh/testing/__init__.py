"""Tests of mesh policies: a pytest plugin, and what its fixtures give.

Enters: a test's policies, scripts and calls. Leaves: answers and what arrived, from real programs behind real proxies.
Never: loopmesh's own commands need it, or pytest.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loopmesh.testing.answers import GrpcAnswer as GrpcAnswer
    from loopmesh.testing.answers import HttpAnswer as HttpAnswer
    from loopmesh.testing.backend import Backend as Backend
    from loopmesh.testing.instructions import Arrival as Arrival
    from loopmesh.testing.mesh import Mesh as Mesh
    from loopmesh.testing.session import MeshOptions as MeshOptions
    from loopmesh.testing.session import MeshSession as MeshSession
    from loopmesh.testing.session import PolicyError as PolicyError
    from loopmesh.testing.session import StartError as StartError
    from loopmesh.testing.tokens import TokenIssuer as TokenIssuer

_PLACES = {
    "Arrival": "instructions",
    "Backend": "backend",
    "GrpcAnswer": "answers",
    "HttpAnswer": "answers",
    "Mesh": "mesh",
    "MeshOptions": "session",
    "MeshSession": "session",
    "PolicyError": "session",
    "StartError": "session",
    "TokenIssuer": "tokens",
}


def __getattr__(name: str) -> object:
    """Imported when asked for: pytest loads the plugin in every project that has loopmesh installed."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_PLACES[name]}"), name)
