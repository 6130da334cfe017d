"""Keys of token issuers that are services of the mesh. On a cluster istiod fetches them there; Istio's generator runs
beside the mesh and cannot, so it is given what loopmesh has fetched."""

from collections.abc import Mapping
from typing import Any

from loopmesh.model.token import KeySource

Object = dict[str, Any]


def with_keys(policy: Object, known: Mapping[KeySource, str]) -> Object:
    """The policy as it is but for addresses of keys that are known."""
    rules = policy.get("spec", {}).get("jwtRules") if policy["kind"] == "RequestAuthentication" else None
    if not rules or not known:
        return policy
    by_url = {source.url: keys for source, keys in known.items()}
    return policy | {"spec": policy["spec"] | {"jwtRules": [_with_keys(rule, by_url) for rule in rules]}}


def _with_keys(rule: Object, by_url: Mapping[str, str]) -> Object:
    keys = by_url.get(rule.get("jwksUri", ""))
    if keys is None or "jwks" in rule:
        return rule
    return {key: value for key, value in rule.items() if key != "jwksUri"} | {"jwks": keys}
