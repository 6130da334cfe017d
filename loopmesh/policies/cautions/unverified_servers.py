"""DestinationRules that open TLS and do not say whose certificates to trust (Istio `CaCertificateAnalyzer`)."""

from collections.abc import Iterator, Sequence

from loopmesh.model.destinations.client_tls import ClientTls, TlsMode
from loopmesh.model.problem import Problem
from loopmesh.model.traffic import DestinationRule
from loopmesh.policies.analysis import Message, policy_problem
from loopmesh.policies.references import Place

RULE = "without `caCertificates` every authority this machine knows is trusted"
REMEDY = "name those the server's certificate comes from"


def servers_of_any_authority(rules: Sequence[DestinationRule], place: Place) -> Iterator[Problem]:
    """A secret names authorities, too, where it is heeded. Subsets are not looked at, as in Istio."""
    for rule in rules:
        found = [("tls", rule.policy.tls, Message.SERVER_NOT_VERIFIED)]
        found += [
            (f"tls of port {port}", policy.tls, Message.SERVER_NOT_VERIFIED_AT_PORT)
            for port, policy in rule.policy.ports.items()
        ]
        for value, tls, message in found:
            if tls is not None and _trusts_anybody(tls, rule):
                origin = place(rule.source, "trafficPolicy")
                yield policy_problem(rule.source, value, RULE, REMEDY, message=message, origin=origin)


def _trusts_anybody(tls: ClientTls, rule: DestinationRule) -> bool:
    is_named = tls.authorities or (tls.credential and rule.selector is not None)
    return tls.mode in (TlsMode.SIMPLE, TlsMode.MUTUAL) and not is_named
