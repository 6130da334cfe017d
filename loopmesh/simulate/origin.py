"""Which policy a piece of configuration comes from, as the compiler and Istio write it down."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from envoy.config.core.v3.base_pb2 import Metadata
from google.protobuf.struct_pb2 import Value

from loopmesh.model.policy import PolicyName
from loopmesh.model.setting import Setting

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
    policy = _policy(_text(_said(metadata, ISTIO), "config"))
    return Rule(policy=policy, place=_text(_said(metadata, LOOPMESH), "place")) if policy else None


def rule_of_setting(metadata: Metadata, setting: Setting) -> Rule | None:
    """From `loopmesh.retries` and the like, which Istio does not say."""
    said = _said(metadata, LOOPMESH)
    inside = said[setting].struct_value.fields if setting in said else {}
    policy = _policy(_text(inside, "config"))
    return Rule(policy=policy, place=_text(inside, "place")) if policy else None


def rule_of_rbac(name: str) -> Rule | None:
    """From the name of an RBAC policy: `ns[shop]-policy[orders]-rule[0]`, after a provider where it is CUSTOM."""
    found = RBAC_NAME.fullmatch(name)
    if found is None:
        return None
    policy = PolicyName(kind="AuthorizationPolicy", namespace=found.group(1), name=found.group(2))
    return Rule(policy=policy, place=f"spec.rules[{found.group(3)}]")


def _policy(path: str) -> PolicyName | None:
    """None for what is no path of a policy."""
    found = CONFIG_PATH.fullmatch(path)
    if found is None:
        return None
    namespace, words, name = found.groups()
    return PolicyName(kind="".join(word.capitalize() for word in words.split("-")), namespace=namespace, name=name)


def _said(metadata: Metadata, name: str) -> Mapping[str, Value]:
    return metadata.filter_metadata[name].fields if name in metadata.filter_metadata else {}


def _text(said: Mapping[str, Value], key: str) -> str:
    return str(said[key].string_value) if key in said else ""
