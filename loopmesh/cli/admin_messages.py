"""What the admin service carries, to and from the model."""

from typing import TypedDict

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.blame import Refusal
from loopmesh.cli.policy_change import ChangeReport, MeshDifference
from loopmesh.cli.problem_messages import problem_messages
from loopmesh.cli.rule_names import rule_name
from loopmesh.compile import AppliedPatch
from loopmesh.model.difference import PartDifference, PolicyDifference


class Outcome(TypedDict):
    """The fields ApplyResponse and DeleteResponse share."""

    policies: list[str]
    acknowledged: int
    rejected: list[admin_pb2.Rejection]
    late: list[str]
    milliseconds: float
    warnings: list[admin_pb2.Problem]


def outcome(report: ChangeReport) -> Outcome:
    return Outcome(
        policies=list(map(str, report.policies)),
        acknowledged=len(report.push.acknowledged),
        rejected=list(map(rejection_message, report.refusals)),
        late=list(report.push.late),
        milliseconds=report.push.milliseconds,
        warnings=problem_messages(report.warnings),
    )


def rejection_message(refusal: Refusal) -> admin_pb2.Rejection:
    found = refusal.rejection
    return admin_pb2.Rejection(
        workload=found.workload,
        resource_type=found.resource_type,
        resources=found.resources,
        message=found.message,
        policies=[str(one.policy) for one in refusal.policies],
        places=[str(one.origin) for one in refusal.policies],
    )


def patch_message(found: AppliedPatch) -> admin_pb2.AppliedPatch:
    return admin_pb2.AppliedPatch(
        target=found.target,
        direction=found.direction,
        kind=found.kind,
        name=found.name,
        rule=rule_name(found.source.policy, found.source.place),
    )


def diff_message(difference: MeshDifference) -> admin_pb2.DiffResponse:
    return admin_pb2.DiffResponse(
        policies=map(_policy_difference, difference.policies),
        workloads=[
            admin_pb2.WorkloadDifference(workload=name, parts=map(_part_difference, parts))
            for name, parts in difference.workloads.items()
        ],
    )


def _policy_difference(found: PolicyDifference) -> admin_pb2.PolicyDifference:
    fields = [
        admin_pb2.FieldDifference(path=field.path, before=field.before or "", after=field.after or "")
        for field in found.fields
    ]
    return admin_pb2.PolicyDifference(
        policy=str(found.policy),
        change=found.change,
        file=found.source.origin.file,
        line=found.source.origin.line,
        fields=fields,
    )


def _part_difference(found: PartDifference) -> admin_pb2.PartDifference:
    return admin_pb2.PartDifference(part=found.part, name=found.name, change=found.change)
