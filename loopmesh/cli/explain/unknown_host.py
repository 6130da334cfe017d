"""Why nobody is found under the name and port that is called, and what could be called instead."""

from collections.abc import Iterator

from loopmesh.cli.explain.advice import Advice
from loopmesh.cli.known_service import KnownService, protocol_of
from loopmesh.simulate.request import Request

MOST_NAMED = 12
ADD_HOST = "add the host with a ServiceEntry"


def advise_unknown(request: Request, namespace: str, services: tuple[KnownService, ...]) -> Advice:
    """`namespace` is the caller's."""
    name, _, port = request.authority.rpartition(":")
    meant = next((one for one in services if name in one.names_from(namespace)), None)
    if meant is not None:
        return _at_port(request, meant, name, int(port))
    elsewhere = [one for one in services if one.name == name.partition(".")[0]]
    if elsewhere:
        named = [one.full_name for one in elsewhere]
        return Advice(
            why=f"no service {name} is in namespace {namespace}; there is {' and '.join(named)}",
            remedy=f"call {' or '.join(f'{one}:{port}' for one in named)}",
        )
    known = [*_calls(services, namespace)]
    more = " and so on" if len(known) > MOST_NAMED else ""
    instead = f"call one of {', '.join(known[:MOST_NAMED])}{more}, or " if known else ""
    why = f"no service the caller can see is called {request.authority}"
    return Advice(why=why, remedy=f"{instead}{ADD_HOST}")


def _at_port(request: Request, service: KnownService, name: str, port: int) -> Advice:
    port_name = service.port_name(port)
    if port_name is None:
        known = [f"{name}:{number} ({word})" for word, number in service.ports.items()]
        return Advice(
            why=f"service {service.full_name} has no port {port}",
            remedy=f"call {' or '.join(known)}",
        )
    where = f"port {port} of service {service.full_name}"
    is_http = protocol_of(port_name).is_http
    if request.is_stream and is_http:
        why = f"{where} is HTTP by its name, {port_name}, so that each request has a way of its own"
        return Advice(why=why, remedy=f"ask of a request: a path or a method of gRPC in place of {request.method}")
    if not request.is_stream and not is_http:
        why = f"{where} is no HTTP by its name, {port_name}, so that proxies see no requests there"
        return Advice(why=why, remedy="ask of the connection: TCP in place of the method, or name the port `http-…`")
    return Advice(
        why=f"the caller's proxy does not have {where}",
        remedy="let `egress.hosts` of the caller's Sidecar, and `exportTo` of what declares the host, admit it",
    )


def _calls(services: tuple[KnownService, ...], namespace: str) -> Iterator[str]:
    for one in services:
        short = one.name if one.namespace == namespace else one.full_name
        yield from (f"{short}:{number}" for number in one.ports.values())
