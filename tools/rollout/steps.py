"""What the next step of a rollout is. Enters: the policies and values of a folder. Leaves: the changed files."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from loopmesh.model.application import Application, Service
from loopmesh.policies import Content, PolicySet, check_policies, read_application, read_files, rewrite, shares, shift

STEPS = (10, 25, 50, 100)
"""Percent of the calls."""
VALUES, POLICIES = Path("helm/shop/values.yaml"), Path("istio")


class RolloutError(Exception):
    """There is no such step; the message says why."""


@dataclass(frozen=True, slots=True)
class Step:
    """`files` are the new texts by path; `percent` is None where only the version's subset is added."""

    percent: int | None
    files: Mapping[Path, str]


def next_step(name: str, version: str) -> Step:
    """Of the files in the folder this runs in. Raises RolloutError and InvalidInputError."""
    application, policies = read_application(VALUES), _policies()
    check_policies(policies, application)
    service = _service(application, name, version)
    now = shares(policies, service)
    percent = next((step for step in STEPS if step > min(share.get(version, 0) for share in now)), None)
    if percent is None:
        raise RolloutError(f"all calls of {name} reach {version} already")
    contents = _shared(policies, service, _old(service, version, now), version, percent)
    if subsets := [one for one in contents if one["kind"] == "DestinationRule"]:
        return Step(None, _rewritten(policies, subsets, application.namespace))
    return Step(percent, _rewritten(policies, contents, application.namespace))


def check() -> None:
    """Raises InvalidInputError."""
    check_policies(_policies(), read_application(VALUES))


def _old(service: Service, version: str, now: list[dict[str, int]]) -> str:
    """The one version that has the rest of the calls."""
    found = {one for share in now for one, weight in share.items() if weight and one != version}
    if "" in found:
        # A route that names no subset leads to every version.
        found = {one.name for one in service.versions if one.name != version}
    if len(found) != 1:
        names = ", ".join(sorted(found))
        raise RolloutError(f"the calls of {service.name} are shared among {names}: give them to one of these first")
    return found.pop()


def _shared(policies: PolicySet, service: Service, old: str, version: str, percent: int) -> list[Content]:
    """At the end the old version keeps its place with a weight of 0, for the next rollout finds split routes only."""
    contents = shift(policies, service, {old: max(100 - percent, 1), version: percent})
    for content in contents:
        for route in content["spec"].get("http") or ():
            by_subset = {one["destination"].get("subset"): one for one in route.get("route") or ()}
            if percent == 100 and by_subset.keys() == {old, version}:
                by_subset[old]["weight"] = 0
    return contents


def _policies() -> PolicySet:
    return PolicySet.parse(read_files([POLICIES]), read_application(VALUES).namespace)


def _service(application: Application, name: str, version: str) -> Service:
    known = {service.name: service for service in application.services}
    if name not in known:
        raise RolloutError(f"there is no service {name!r}; known: {', '.join(known)}")
    versions = [one.name for one in known[name].versions]
    if version not in versions:
        raise RolloutError(f"{name} has no version {version!r} in {VALUES}: add it first; known: {', '.join(versions)}")
    return known[name]


def _rewritten(policies: PolicySet, contents: list[Content], namespace: str) -> dict[Path, str]:
    files: dict[Path, str] = {}
    for content in contents:
        kind, name = content["kind"], content["metadata"]["name"]
        (written,) = [one for one in policies.documents.values() if (one.policy.kind, one.policy.name) == (kind, name)]
        file = Path(written.origin.file)
        files[file] = rewrite(files.get(file) or file.read_text(), [content], namespace)
    return files
