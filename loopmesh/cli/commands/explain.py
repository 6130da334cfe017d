"""`mesh explain`."""

import json
import time
from pathlib import Path

import click

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.calling import find_method, parse_header
from loopmesh.cli.client import find_workload, get_status, service_and_namespace, split_target
from loopmesh.cli.errors import CommandError
from loopmesh.cli.explain.as_json import explanation_json
from loopmesh.cli.explain.failed_call import explain_failure, failure_json, failure_lines
from loopmesh.cli.explain.live_call import LiveMesh
from loopmesh.cli.explain.places import find_places, rules_of
from loopmesh.cli.explain.text import explanation_lines
from loopmesh.cli.parameters import json_option, state_option
from loopmesh.cli.whole_trace import wait_for_trace
from loopmesh.simulate import Request
from loopmesh.simulate.byte_stream import KIND as STREAM

OUTSIDE = "edge"
"""Stands before the name of a gateway's server in place of a workload."""


@click.command(short_help="what would become of a call, and why")
@click.option("--from", "caller", metavar="WORKLOAD", help="Who calls.")
@click.argument("target", metavar="SERVICE:PORT", required=False)
@click.argument("method", required=False)
@click.option("-X", "--request", "verb", default="GET", show_default=True, help="HTTP method of a path.")
@click.option("-H", "--header", "headers", multiple=True, metavar="K:V", help="A header; may be given again.")
@click.option("--jwt", type=click.Path(path_type=Path, dir_okay=False), help="File with a token to send along.")
@click.option("--trace", "trace_id", metavar="ID|last", help="Say why a call that was made has failed.")
@state_option
@json_option
def command(
    caller: str | None,
    target: str | None,
    method: str | None,
    verb: str,
    headers: tuple[str, ...],
    jwt: Path | None,
    trace_id: str | None,
    state: Path,
    as_json: bool,
) -> None:
    """Say what would become of a call, without making it: every step, and the rule with file and line behind it.

    METHOD is a gRPC method as in `mesh call`, a path such as `/v1/products?page=2` for HTTP, or TCP for a port that is
    no HTTP. `--from edge/NAME` is somebody outside who calls through the gateway's server NAME of `mesh status`. All
    is worked out from the configuration the proxies have at this moment, with the fill of their limits.

    With --trace it says why a call that was made has failed: the proxy or program that ended it, Envoy's flags in plain
    words, the tries, and the policy behind it.

    \b
    mesh explain --from orders catalog:50051 GetProduct
    mesh explain --from client web:8000 /beta -H 'x-user: alice'
    mesh explain --from edge/http shop.example.com:80 /v1/products
    mesh explain --trace last
    """
    if trace_id is not None:
        if caller or target:
            raise click.UsageError("--trace names the call; say nothing else of it")
        _explain_trace(trace_id, state, as_json=as_json)
    elif caller and target and method:
        _explain_call(caller, target, method, verb, _headers(headers, jwt), state, as_json=as_json)
    else:
        raise click.UsageError("say --from WORKLOAD SERVICE:PORT METHOD, or --trace ID of a call that was made")


def _explain_trace(trace_id: str, state: Path, *, as_json: bool) -> None:
    trace = wait_for_trace(state / "traces.db", trace_id)
    found = explain_failure(trace, state)
    if as_json:
        click.echo(json.dumps(failure_json(found) if found else None, indent=2))
    else:
        click.echo("\n".join(failure_lines(found)) if found else f"trace {trace.id} has not failed")


def _explain_call(
    caller: str, target: str, method: str, verb: str, headers: dict[str, str], state: Path, *, as_json: bool
) -> None:
    split_target(target)
    status = get_status(state)
    mesh = LiveMesh(status)
    gateway, _, server = caller.partition("/")
    if gateway == OUTSIDE and server in status.edge:
        call = mesh.simulate_arrival(status.edge[server], _request(status, "", target, method, verb, headers))
    else:
        workload = find_workload(status, caller)
        call = mesh.simulate(workload.name, _request(status, workload.namespace, target, method, verb, headers))
    live = mesh.clusters(call)
    places = find_places(state, rules_of(call))
    if as_json:
        click.echo(json.dumps(explanation_json(call, live, places), indent=2))
    else:
        click.echo("\n".join(explanation_lines(call, live, places)))


def _headers(headers: tuple[str, ...], jwt: Path | None) -> dict[str, str]:
    found = dict(map(parse_header, headers))
    if jwt is not None:
        try:
            found["authorization"] = f"Bearer {jwt.read_text().strip()}"
        except OSError as error:
            raise click.UsageError(f"--jwt {jwt}: {error.strerror}") from error
    return found


def _request(
    status: admin_pb2.GetStatusResponse,
    namespace: str,
    target: str,
    method: str,
    verb: str,
    headers: dict[str, str],
) -> Request:
    if method == STREAM:
        return Request(authority=target, path="", method=STREAM)
    if method.startswith("/"):
        return Request(authority=target, path=method, method=verb.upper(), headers=headers, made_at_s=time.time())
    return Request.grpc(target, _path(status, namespace, target, method), headers, time.time())


def _path(status: admin_pb2.GetStatusResponse, namespace: str, target: str, method: str) -> str:
    """By reflection, as `mesh call` finds it; a full name needs nobody to answer."""
    if "/" in method:
        return f"/{method}"
    service, _ = split_target(target)
    found = find_workload(status, service_and_namespace(service, namespace))
    try:
        return find_method(found.application_target, method).path
    except LookupError as error:
        raise click.UsageError(str(error.args[0])) from error
    except ConnectionError as error:
        raise CommandError(f"{error}; name the method in full, as package.Service/{method}") from error
