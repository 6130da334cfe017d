"""What the proxies of the laboratory wrote down about calls: which rule decided, in Envoy's own words.

Enters: the files they write as `lab/decisions.yaml` says. Leaves: a Decision for each call at each proxy. Never: what
loopmesh has worked out.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from loopmesh.simulate import Call
from tests.observing import last_seen
from tests.parity.appended import Appended
from tests.parity.observation import Observation
from tests.parity.proxy_log import ProxyLogs

PATIENCE_S = 3
NOTHING = "-"
UNKNOWN_HOSTS = ("allow_any", "block_all", "passthrough|", "*")
"""How the names of virtual hosts begin for what Istio has no listener for."""
EFFECTIVE = "enforced_effective_policy_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Of one proxy about one request or connection; empty for what it did not say. The labels of `lab/decisions.yaml`
    are its fields. Policies are paths as Istio writes them, `rbac` is the name of the rule that held."""

    proxy: str = ""
    call: str = ""
    authority: str = ""
    came_from: str = ""
    at: str = ""
    to: str = ""
    onwards: str = ""
    peer: str = ""
    virtual_host: str = ""
    route: str = ""
    route_policy: str = ""
    route_place: str = ""
    chain_policy: str = ""
    chain_place: str = ""
    listener_policy: str = ""
    listener_place: str = ""
    cluster: str = ""
    cluster_policy: str = ""
    cluster_place: str = ""
    flags: str = ""
    details: str = ""
    ended: str = ""
    attempts: str = ""
    timeout_ms: str = ""
    deadline: str = ""
    rbac: str = ""

    @property
    def instance(self) -> str:
        return self.proxy.split("~")[2].partition(".")[0] if self.proxy else ""

    @property
    def namespace(self) -> str:
        return self.proxy.split("~")[2].partition(".")[2] if self.proxy else ""


LABELS = {one.name for one in fields(Decision)}


class Decisions:
    """Of a running mesh. Each proxy has a file of its own: several would write into each other's lines."""

    def __init__(self, logs: ProxyLogs) -> None:
        self._files: dict[Path, Appended] = {}
        self._logs = logs

    def wait_for(self, files: Iterable[Path], is_enough: Callable[[list[Decision]], bool]) -> list[Decision]:
        """Those written to the files since the last call, once there are enough of them, or patience ends."""
        appended = [self._files.setdefault(file, Appended(file)) for file in files]
        found: list[Decision] = []

        def more() -> list[Decision]:
            found.extend(self._decision(json.loads(line)) for one in appended for line in one.lines())
            return found

        return last_seen(more, is_enough, PATIENCE_S, every_s=0.005)

    def _decision(self, said: dict[str, Any]) -> Decision:
        texts = {name: str(value) for name, value in said.items() if value != NOTHING and name in LABELS}
        held = said.get("rbac")
        texts["rbac"] = held.get(EFFECTIVE, "") if isinstance(held, dict) else ""
        found = Decision(**texts)
        return found if found.call else replace(found, rbac=self._logs.rule(found.instance, found.came_from))


def of_call(number: int, seen: Observation, found: list[Decision]) -> list[Decision]:
    """A request by its number; a stream of bytes by its ports: where one proxy's connection leaves, the next one's
    comes from."""
    if not seen.local_port:
        return [one for one in found if one.call == str(number)]
    ports = {f"127.0.0.1:{seen.local_port}"}
    ports |= {one.onwards for one in found if one.came_from in ports}
    return [one for one in found if one.came_from in ports]


def is_whole(told: Call, seen: Observation, said: list[Decision]) -> bool:
    """Whether everybody has spoken who must: the caller's proxy, and that of the instance that answered."""
    callers = any(one.instance == told.caller for one in said) or _is_silent(told, seen)
    workloads = {one.workload for landing in told.landings for one in landing.instances if one.workload}
    return callers and (seen.answered_by not in workloads or any(one.instance == seen.answered_by for one in said))


def _is_silent(told: Call, seen: Observation) -> bool:
    """Whether the caller's proxy cannot name the call: TLS failed, or the codec refused a header's name. For hosts
    a sidecar does not know Istio's configuration gets a listener of this machine's, which policies do not reach."""
    outbound = told.outbound
    refused = outbound.refused or (seen.refused and not seen.local_port)
    by_the_codec = any(check.action == "HEADERS" and not check.passed for check in outbound.checks)
    unknown = outbound.matched is not None and outbound.matched.virtual_host.startswith(UNKNOWN_HOSTS)
    return refused or by_the_codec or unknown
