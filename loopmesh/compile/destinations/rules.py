"""Which DestinationRule holds for a caller and a host (Istio `PushContext.destinationRule` and its neighbours)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from loopmesh.compile.host_table import HostTable
from loopmesh.model.mesh_settings import MeshSettings
from loopmesh.model.traffic import NO_POLICY, DestinationRule
from loopmesh.model.visibility import EVERYWHERE, Visibility, only

Rules = tuple[DestinationRule, ...]
Counts = Callable[[DestinationRule], bool]
NOTHING: HostTable[Rules] = HostTable(())


class RuleBook:
    """All rules of a mesh, by the namespace they are written in; those for one host are merged."""

    def __init__(self, rules: Iterable[DestinationRule], settings: MeshSettings) -> None:
        self._root = settings.root_namespace
        # Rules for some workloads come first, as Istio sorts them; else the order is the one they were read in.
        ordered = sorted((_settled(rule, settings) for rule in rules), key=lambda rule: rule.selector is None)
        self._own = _tables(ordered, _counts_at_home)
        self._private = _tables(ordered, _is_private)
        self._exported = _tables(ordered, lambda rule: not _is_private(rule))

    def rule(self, caller: str, labels: Mapping[str, str], host: str, owner: str) -> DestinationRule | None:
        """For a caller in namespace `caller` with `labels`, and a host of namespace `owner`.

        Rules of the caller's namespace hide those of the owner's, and these those of the root namespace. For callers in
        that one, only those that are for nobody else come first.
        """
        at_home = self._private if caller == self._root else self._own
        found = at_home.get(caller, NOTHING).most_specific(host)
        for namespace in (owner, self._root):
            if not found:
                exported = self._exported.get(namespace, NOTHING).most_specific(host) or ()
                found = tuple(rule for rule in exported if _visibility(rule).includes(caller))
        return _for_workload(found or (), caller, labels)


def _for_workload(rules: Rules, namespace: str, labels: Mapping[str, str]) -> DestinationRule | None:
    """The first that selects the workload, else the last for all (Istio `SidecarScope.DestinationRule`)."""
    for rule in rules:
        if rule.selector is not None and rule.selector.selects(namespace, labels):
            return rule
    return next((rule for rule in reversed(rules) if rule.selector is None), None)


def _settled(rule: DestinationRule, settings: MeshSettings) -> DestinationRule:
    """Of the mesh's default Istio heeds only whether it is private."""
    if rule.visibility is not None:
        return rule
    is_private = "." in settings.visibility.destination_rules
    return replace(rule, visibility=only(rule.source.policy.namespace) if is_private else EVERYWHERE)


def _visibility(rule: DestinationRule) -> Visibility:
    return rule.visibility or EVERYWHERE


def _counts_at_home(rule: DestinationRule) -> bool:
    return _visibility(rule).includes(rule.source.policy.namespace)


def _is_private(rule: DestinationRule) -> bool:
    return rule.visibility == only(rule.source.policy.namespace)


def _tables(rules: Iterable[DestinationRule], counts: Counts) -> dict[str, HostTable[Rules]]:
    by_namespace: dict[str, dict[str, list[DestinationRule]]] = {}
    for rule in rules:
        if counts(rule):
            hosts = by_namespace.setdefault(rule.source.policy.namespace, {})
            _merge_into(hosts.setdefault(rule.host, []), rule)
    return {
        namespace: HostTable((host, tuple(found)) for host, found in hosts.items())
        for namespace, hosts in by_namespace.items()
    }


def _merge_into(known: list[DestinationRule], rule: DestinationRule) -> None:
    """Adds the rule's subsets to the rule for the same callers, else the rule itself (Istio `mergeDestinationRule`)."""
    for place, earlier in enumerate(known):
        if earlier.visibility == rule.visibility and earlier.selector == rule.selector:
            known[place] = _merged(earlier, rule)
            return
    known.append(rule)


def _merged(earlier: DestinationRule, later: DestinationRule) -> DestinationRule:
    """The earlier one's policy and subsets count, the later one's fill the gaps."""
    names = {subset.name for subset in earlier.subsets}
    added = tuple(subset for subset in later.subsets if subset.name not in names)
    policy = later.policy if earlier.policy == NO_POLICY else earlier.policy
    return replace(earlier, subsets=(*earlier.subsets, *added), policy=policy)
