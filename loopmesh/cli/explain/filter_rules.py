"""The policies that have put a filter into the proxy that ended a call."""

from collections.abc import Collection, Iterator

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.rule_names import policy_name
from loopmesh.observe.failure import EndedBy, Failure
from loopmesh.simulate.origin import Rule

INBOUND = "SIDECAR_INBOUND"


def rules_of_filters(kinds: Collection[str], failure: Failure, status: admin_pb2.GetStatusResponse) -> Iterator[Rule]:
    """`kinds` are full names of the messages such filters are configured by."""
    at_server = failure.ended_by is EndedBy.SERVER_PROXY
    name = failure.server if at_server else failure.caller
    for workload in status.workloads:
        for one in workload.added_filters if workload.name == name else ():
            if one.kind in kinds and (one.direction == "ANY" or (one.direction == INBOUND) is at_server):
                yield Rule(policy=policy_name(one.rule.policy), place=one.rule.place)
