"""Whom a caller expects behind a name, and how it meets them where no rule says so."""

from dataclasses import replace

from loopmesh.compile.index import MeshIndex
from loopmesh.compile.peer_mode import namespace_decision
from loopmesh.compile.trust_aliases import in_every_domain
from loopmesh.compile.view import View
from loopmesh.model.added_host import AddedHost, Called
from loopmesh.model.application import Service
from loopmesh.model.destinations.client_tls import ClientTls, TlsMode
from loopmesh.model.security import PeerMode

PLAINTEXT = ClientTls(mode=TlsMode.DISABLE)


def peer_identities(view: View, called: Called) -> tuple[str, ...]:
    """Whom the instances' certificates may be for, by every name of the trust domain; of a host that is looked up as it
    is called Istio heeds none (`buildDFPCluster`)."""
    domains = view.index.policies.settings.trust_domains
    if isinstance(called, Service):
        return in_every_domain([called.identity.spiffe_id], domains)
    if called.has_no_instances:
        return ()
    accounts = [account.spiffe_id for one in called.endpoints if (account := called.account(one))]
    selected = view.index.selected(called.selector) if called.selector else []
    workloads = [workload.identity.spiffe_id for workload in selected]
    return in_every_domain([*called.server_names, *accounts, *workloads], domains)


def client_tls(
    index: MeshIndex, tls: ClientTls | None, called: Called, identities: tuple[str, ...]
) -> ClientTls | None:
    """What a rule says, completed; None where each instance is met as it wants to be. `identities` are those of the
    instances, by any of the names of the trust domain."""
    if tls is None:
        return _unsaid(index, called)
    if isinstance(called, Service) or tls.server_names or tls.mode is TlsMode.ISTIO_MUTUAL:
        return tls
    # Certificates of an added host are for what it says and for its accounts, where the rule says nothing of it (Istio
    # `constructUpstreamTLS`).
    return replace(tls, server_names=identities)


def _unsaid(index: MeshIndex, called: Called) -> ClientTls | None:
    """Without auto mTLS, outside the mesh, and where connections go on to whoever is there, a caller speaks plaintext.
    So it does to a namespace that takes only plaintext, even to a workload there that has a mode of its own (Istio
    `BestEffortInferServiceMTLSMode`)."""
    outside = isinstance(called, AddedHost) and (called.goes_on or not called.in_mesh)
    if outside or not index.policies.settings.auto_mutual_tls:
        return PLAINTEXT
    mode, _ = namespace_decision(index, called.namespace)
    return PLAINTEXT if mode is PeerMode.DISABLE else None
