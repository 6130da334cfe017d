"""Which policy a piece of configuration comes from, as the compiler and Istio write it down."""

import re
from dataclasses import dataclass

from envoy.config.core.v3.base_pb2 import Metadata

from loopmesh.model.policy import PolicyName

CONFIG_PATH = re.compile(r"/apis/[^/]+/[^/]+/namespaces/([^/]*)/([^/]+)/([^/]+)")
RBAC_NAME = re.compile(r"(?:istio-ext-authz-.+-)?ns\[([^]]*)]-policy\[([^]]*)]-rule\[(\d+)]")
ISTIO = "istio"
LOOPMESH = "loopmesh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A part of a policy: `place` is its path in it, such as `spec.http[1]`; empty for the policy as a whole."""

    policy: PolicyName
    place: str = ""

    def __str__(self) -> str:
        return f"{self.policy} {self.place}".rstrip()


def rule_of(metadata: Metadata) -> Rule | None:
    """From `istio.config`, Istio's path of the policy, and `loopmesh.place`, which Istio does not say."""
    found = CONFIG_PATH.fullmatch(_said(metadata, ISTIO, "config"))
    if found is None:
        return None
    namespace, words, name = found.groups()
    kind = "".join(word.capitalize() for word in words.split("-"))
    policy = PolicyName(kind=kind, namespace=namespace, name=name)
    return Rule(policy=policy, place=_said(metadata, LOOPMESH, "place"))


def rule_of_rbac(name: str) -> Rule | None:
    """From the name of an RBAC policy: `ns[shop]-policy[orders]-rule[0]`, after a provider where it is CUSTOM."""
    found = RBAC_NAME.fullmatch(name)
    if found is None:
        return None
    policy = PolicyName(kind="AuthorizationPolicy", namespace=found.group(1), name=found.group(2))
    return Rule(policy=policy, place=f"spec.rules[{found.group(3)}]")


def _said(metadata: Metadata, name: str, key: str) -> str:
    said = metadata.filter_metadata[name].fields if name in metadata.filter_metadata else {}
    return str(said[key].string_value) if key in said else ""
