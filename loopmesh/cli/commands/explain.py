"""`mesh explain`."""

import json
import re
from pathlib import Path

import click

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.arguments import InputPath, TextCommand
from loopmesh.cli.calling import parse_header
from loopmesh.cli.client import find_workload, get_status
from loopmesh.cli.errors import CommandError
from loopmesh.cli.explain.as_json import explanation_json
from loopmesh.cli.explain.failed_call import explain_failure, failure_json, failure_lines
from loopmesh.cli.explain.live_call import LiveMesh
from loopmesh.cli.explain.patches import Patches
from loopmesh.cli.explain.places import find_places, rules_of
from loopmesh.cli.explain.question import Question
from loopmesh.cli.explain.surroundings import Surroundings
from loopmesh.cli.explain.text import explanation_lines
from loopmesh.cli.known_service import known_services
from loopmesh.cli.parameters import json_option, read_text, state_option
from loopmesh.cli.whole_trace import wait_for_trace
from loopmesh.model.printable import printable
from loopmesh.simulate.request import TLS

TOKEN = re.compile("[!-~]+")
OUTSIDE = "edge"
"""Stands before the name of a gateway's server in place of a workload."""


@click.command(cls=TextCommand, short_help="what would become of a call, and why")
@click.option("--from", "caller", metavar="WORKLOAD", help="Who calls.")
@click.argument("target", metavar="SERVICE:PORT", required=False)
@click.argument("method", required=False)
@click.option("-X", "--request", "verb", default="GET", show_default=True, help="HTTP method of a path.")
@click.option("-H", "--header", "headers", multiple=True, metavar="K:V", help="A header; may be given again.")
@click.option(
    "--sni",
    "server_name",
    metavar="NAME",
    default="",
    help="Server name of the program's own TLS; else that of SERVICE.",
)
@click.option("--jwt", type=InputPath(dir_okay=False), help="File with a token to send along; - is standard input.")
@click.option("--trace", "trace_id", metavar="ID|last", help="Say why a call that was made has failed.")
@state_option
@json_option
def command(
    caller: str | None,
    target: str | None,
    method: str | None,
    verb: str,
    headers: tuple[str, ...],
    server_name: str,
    jwt: Path | None,
    trace_id: str | None,
    state: Path,
    as_json: bool,
) -> None:
    """Say what would become of a call, without making it: every step, and the rule with file and line behind it.

    METHOD is a gRPC method as in `mesh call`, a path such as `/v1/products?page=2` for HTTP, TCP for a port that is no
    HTTP, or TLS where the program itself speaks TLS. `--from edge/NAME` is somebody outside who calls through the
    gateway's server NAME of `mesh status`. All is worked out from the configuration the proxies have at this moment,
    with the fill of their limits.

    With --trace it says why a call that was made has failed: the proxy or program that ended it, Envoy's flags in plain
    words, the tries, and the policy behind it.

    \b
    mesh explain --from orders catalog:50051 GetProduct
    mesh explain --from client web:8000 /beta -H 'x-user: alice'
    mesh explain --from edge/http shop.example.com:80 /v1/products
    mesh explain --from client db:5432 TLS --sni db.example.com
    mesh explain --trace last
    """
    if trace_id is not None:
        if caller or target:
            raise click.UsageError("--trace names the call; say nothing else of it")
        _explain_trace(trace_id, state, as_json=as_json)
    elif caller and target and method:
        if server_name and method != TLS:
            raise click.UsageError("--sni goes with TLS as METHOD: proxies see a server name in TLS only")
        question = Question(
            target=target, method=method, verb=verb, headers=_headers(headers, jwt), server_name=server_name
        )
        _explain_call(caller, question, state, as_json=as_json)
    else:
        raise click.UsageError("say --from WORKLOAD SERVICE:PORT METHOD, or --trace ID of a call that was made")


def _explain_trace(trace_id: str, state: Path, *, as_json: bool) -> None:
    trace = wait_for_trace(state / "traces.db", trace_id)
    found = explain_failure(trace, state)
    if as_json:
        click.echo(json.dumps(failure_json(found) if found else None, indent=2))
    else:
        lines = failure_lines(found) if found else [f"trace {trace.id} has not failed"]
        click.echo("\n".join(map(printable, lines)))


def _explain_call(caller: str, question: Question, state: Path, *, as_json: bool) -> None:
    status = get_status(state)
    mesh = LiveMesh(status)
    gateway, _, server = caller.partition("/")
    services = tuple(known_services(status.services))
    if gateway == OUTSIDE and server in status.edge:
        services = ()
        call = mesh.simulate_arrival(status.edge[server], question.request(status, ""))
    else:
        workload = _find_caller(status, caller)
        call = mesh.simulate(workload.name, question.request(status, workload.namespace))
    patches = Patches.of(status)
    places, said = find_places(state, rules_of(call, patches), call)
    around = Surroundings(live=mesh.clusters(call), services=services, said=said, patches=patches)
    if as_json:
        click.echo(json.dumps(explanation_json(call, places, around), indent=2))
    else:
        click.echo("\n".join(map(printable, explanation_lines(call, places, around))))


def _find_caller(status: admin_pb2.GetStatusResponse, name: str) -> admin_pb2.WorkloadStatus:
    try:
        return find_workload(status, name)
    except CommandError as error:
        outside = ", ".join(f"{OUTSIDE}/{server}" for server in status.edge)
        more = f"; from outside there are {outside}" if outside else ""
        raise CommandError(f"{error.message}{more}") from error


def _headers(headers: tuple[str, ...], jwt: Path | None) -> dict[str, str]:
    found = dict(map(parse_header, headers))
    if jwt is not None:
        token = read_text(f"--jwt {jwt}", jwt).strip()
        if TOKEN.fullmatch(token) is None:
            raise click.UsageError(f"--jwt {jwt}: this is no token, which is one line of ASCII without spaces")
        found["authorization"] = f"Bearer {token}"
    return found
