"""Which proxies a patch is for, by their version and metadata (Istio `proxyMatch`)."""

from loopmesh.model.patch import ProxyMatch
from loopmesh.policies.fields import Fields
from loopmesh.policies.regular_expression import regex_problem

KNOWN = ("NAMESPACE", "SERVICE_ACCOUNT", "CLUSTER_ID", "MESH_ID", "ISTIO_VERSION")
"""What does not hang on the cluster a proxy is on."""


def read_proxy_match(fields: Fields) -> ProxyMatch:
    metadata = fields.labels("metadata")
    for key in metadata:
        if key not in KNOWN:
            rule = f"what proxies say of {key} hangs on the cluster they are on"
            fields.refuse("metadata", rule, f"ask for one of {', '.join(KNOWN)}, or use `workloadSelector`")
    return ProxyMatch(version=fields.text("proxyVersion", check=_check_version) or "", metadata=metadata)


def _check_version(pattern: str) -> tuple[str, str] | None:
    problem = regex_problem(pattern) if pattern else None
    return (problem, "write a regular expression of RE2, such as ^1\\.31") if problem else None
