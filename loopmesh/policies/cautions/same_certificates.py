"""Certificates that several Gateways of one workload show (Istio `CertificateAnalyzer`)."""

from collections.abc import Iterator, Sequence

from loopmesh.model.edge import Gateway
from loopmesh.model.problem import Problem
from loopmesh.policies.analysis import Message, policy_problem

REMEDY = "write the servers in one Gateway, or use a certificate for each"


def certificates_of_several_gateways(gateways: Sequence[Gateway]) -> Iterator[Problem]:
    """Browsers send calls for all hosts of a certificate on one HTTP/2 connection, and the servers of the other Gateway
    do not know them."""
    shown: dict[str, list[Gateway]] = {}
    for gateway in gateways:
        for name in _credentials(gateway):
            others = shown.setdefault(name, [])
            earlier = next((one for one in others if _share_workloads(one, gateway)), None)
            others.append(gateway)
            if earlier is not None:
                rule = f"{earlier.source} shows it, too: callers that keep a connection open may get 404"
                value, message = f"credentialName {name}", Message.SAME_CERTIFICATE
                yield policy_problem(gateway.source, value, rule, REMEDY, message=message)


def _credentials(gateway: Gateway) -> dict[str, None]:
    return dict.fromkeys(name for server in gateway.servers if server.tls for name in server.tls.credentials)


def _share_workloads(one: Gateway, other: Gateway) -> bool:
    return one.selects(other.labels) or other.selects(one.labels)
