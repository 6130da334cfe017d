"""Names of policies and of parts of them, as the admin service carries them."""

from loopmesh.admin.v1 import admin_pb2
from loopmesh.model.policy import PolicyName


def policy_name(message: admin_pb2.PolicyName) -> PolicyName:
    return PolicyName(kind=message.kind, namespace=message.namespace, name=message.name)


def named_policy(policy: PolicyName) -> admin_pb2.PolicyName:
    return admin_pb2.PolicyName(kind=policy.kind, namespace=policy.namespace, name=policy.name)


def rule_name(policy: PolicyName, place: str) -> admin_pb2.RuleName:
    return admin_pb2.RuleName(policy=named_policy(policy), place=place)
