"""PeerAuthentication (security.istio.io): what a workload's sidecar accepts."""

from loopmesh.model.policy import WorkloadSelector
from loopmesh.model.problem import Problem
from loopmesh.model.security import PeerAuthentication, PeerMode
from loopmesh.policies.document import Document, read_selector
from loopmesh.policies.fields import Fields
from loopmesh.policies.host_names import port_number

UNSET = "UNSET"


def read_peer_authentication(document: Document, problems: list[Problem]) -> PeerAuthentication:
    return Fields.read(document.spec, "spec", problems, lambda fields: _policy(document, fields))


def _policy(document: Document, fields: Fields) -> PeerAuthentication:
    everyone = WorkloadSelector(namespace=document.namespace)
    selector = fields.object("selector", lambda inside: read_selector(inside, document.namespace)) or everyone
    modes = fields.named_objects("portLevelMtls", lambda _, inside: _mode(inside))
    for port in modes:
        if port_number(port) is None:
            fields.refuse("portLevelMtls", f"`{port}` is no port number", "write the number of the workload's port")
    if fields.is_empty("portLevelMtls"):
        fields.refuse("portLevelMtls", "Istio takes no empty list of ports", "remove it, or add a port")
    if modes and not selector.labels:
        fields.refuse("portLevelMtls", "ports need a selector", "add `selector.matchLabels`")
    return PeerAuthentication(
        source=document.source,
        selector=selector,
        mode=fields.object("mtls", _mode),
        port_modes={number: mode for port, mode in modes.items() if mode and (number := port_number(port))},
    )


def _mode(fields: Fields) -> PeerMode | None:
    """UNSET inherits, like no mode at all."""
    return None if fields.text("mode") == UNSET else fields.choice("mode", PeerMode)
