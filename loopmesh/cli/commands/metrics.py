"""`mesh metrics`."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.arguments import TextCommand
from loopmesh.cli.client import find_workload, get_status
from loopmesh.cli.parameters import state_option
from loopmesh.cli.proxy_admin import ask_proxy
from loopmesh.observe import merged_statistics

STATISTICS = "/stats/prometheus"


@click.command(cls=TextCommand, short_help="what the proxies count, as Prometheus reads it")
@click.argument("workload", required=False)
@state_option
def command(workload: str | None, state: Path) -> None:
    """What all proxies count, or that of WORKLOAD, in Prometheus' text format.

    Names and labels are those of Istio's proxies on a cluster; `namespace`, `pod`, `app` and `version` say whose a
    sample is.

    \b
    mesh metrics | grep upstream_rq_total
    mesh metrics orders
    """
    status = get_status(state)
    chosen = [find_workload(status, workload)] if workload else list(status.workloads)
    for line in merged_statistics(_statistics(chosen)):
        click.echo(line)


def _statistics(chosen: list[admin_pb2.WorkloadStatus]) -> Iterator[tuple[Mapping[str, str], str]]:
    for one in chosen:
        labels = {"namespace": one.namespace, "pod": one.name, "app": one.service}
        version = {"version": one.version} if one.version else {}
        yield labels | version, ask_proxy(one.envoy_admin_socket, STATISTICS)
