"""What a proxy tries again."""

from dataclasses import dataclass

from envoy.config.route.v3.route_components_pb2 import Route, VirtualHost

from loopmesh.model.setting import Setting
from loopmesh.simulate.origin import Rule, rule_of_setting
from loopmesh.simulate.time import milliseconds

DEFAULT_RETRIES = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """`retries` follow the first try; `per_try_timeout_ms` 0 is none of its own. `rule` is None where they are Istio's
    default."""

    retries: int = 0
    conditions: tuple[str, ...] = ()
    status_codes: tuple[int, ...] = ()
    per_try_timeout_ms: int = 0
    rule: Rule | None = None


NO_RETRY = Retry()


def retry_of(host: VirtualHost, route: Route) -> Retry:
    """The route's own policy, else the virtual host's."""
    rule = rule_of_setting(route.metadata, Setting.RETRIES)
    if route.route.HasField("retry_policy"):
        policy = route.route.retry_policy
    elif host.HasField("retry_policy"):
        policy = host.retry_policy
    else:
        return Retry(rule=rule)
    return Retry(
        retries=policy.num_retries.value if policy.HasField("num_retries") else DEFAULT_RETRIES,
        conditions=tuple(word for word in policy.retry_on.split(",") if word),
        status_codes=tuple(policy.retriable_status_codes),
        per_try_timeout_ms=milliseconds(policy.per_try_timeout),
        rule=rule,
    )
