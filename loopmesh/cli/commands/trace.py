"""`mesh trace`."""

import json
from pathlib import Path
from typing import Any

import click

from loopmesh.cli.arguments import TextCommand
from loopmesh.cli.parameters import json_option, state_option
from loopmesh.cli.trace_text import trace_lines
from loopmesh.cli.whole_trace import wait_for_trace
from loopmesh.model.printable import printable
from loopmesh.observe import Trace, TraceNode


@click.command(cls=TextCommand, short_help="the path of a call")
@click.argument("trace_id", metavar="[ID|last]", default="last")
@state_option
@json_option
def command(trace_id: str, state: Path, as_json: bool) -> None:
    """The path of a call as a tree: who called whom, how long it took, what was tried again.

    Works after the mesh has ended, too.

    \b
    mesh trace last
    mesh trace 4bf92f3577b34da6a3ce929d0e0e4736 --json
    """
    trace = wait_for_trace(state / "traces.db", trace_id)
    if as_json:
        click.echo(json.dumps(_json(trace), indent=2))
        return
    for line in trace_lines(trace):
        click.echo(printable(line))


def _json(trace: Trace) -> dict[str, Any]:
    return {
        "trace_id": trace.id,
        "spans": trace.span_count,
        "orphans": [span.id for span in trace.orphans],
        "roots": [_node_json(node) for node in trace.roots],
    }


def _node_json(node: TraceNode) -> dict[str, Any]:
    span = node.span
    return {
        "span_id": span.id,
        "service": span.service,
        "instance": span.instance,
        "proxy": span.proxy,
        "name": span.name,
        "kind": span.kind,
        "start_ns": span.start_ns,
        "milliseconds": span.milliseconds,
        "failed": span.failed,
        "attempt": node.attempt,
        "attributes": dict(span.attributes),
        "children": [_node_json(child) for child in node.children],
    }
