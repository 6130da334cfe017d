"""Changes to compiled configuration that policies ask for (Istio's EnvoyFilter).

Enters: a proxy's configuration and the patches that select it. Leaves: a configuration with changed copies of what they
are for; messages that several proxies share stay as they are. Order and effects follow Istio
(pilot/pkg/networking/core/envoyfilter).
"""

from loopmesh.compile.patch.applied import AppliedPatch, applied_patches
from loopmesh.compile.patch.patcher import Patcher

__all__ = ["AppliedPatch", "Patcher", "applied_patches"]
