"""Policies changed in the text they stand in: what is not about the change stays as it was written."""

from typing import Any

import pytest
import yaml

from loopmesh.model.policy import PolicyName
from loopmesh.policies import keep_only, rewrite

ROUTES = """\
# All of them.
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web}  # no namespace
spec:
  hosts: [web]
  http:
  - name: first
    # Slow ones.
    route:
    - destination: {host: web, subset: v1}
      weight: 90  # for now
    - destination: {host: web, subset: v2}
      weight: 10
    timeout: 1s   # short
  - route: [{destination: {host: web}}]
"""
RULE = """\
---
# The other one.
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web, namespace: lab}
spec: {host: web}  # all
"""
NAME = PolicyName(kind="VirtualService", namespace="lab", name="web")
FAULT = {"abort": {"httpStatus": 503, "percentage": {"value": 100.0}}}


@pytest.fixture
def routes() -> dict[str, Any]:
    """As the mesh has them: with their namespace."""
    found: dict[str, Any] = yaml.safe_load(ROUTES)
    found["metadata"]["namespace"] = "lab"
    return found


def test_a_changed_number_is_all_that_changes(routes: dict[str, Any]) -> None:
    routes["spec"]["http"][0]["route"][0]["weight"] = 60
    assert rewrite(ROUTES + RULE, [routes], "lab") == (ROUTES + RULE).replace("weight: 90", "weight: 60")


def test_what_is_added_gets_a_line_and_goes_without_a_trace(routes: dict[str, Any]) -> None:
    before = yaml.safe_load(ROUTES)
    routes["spec"]["http"][0]["fault"] = FAULT
    routes["spec"]["http"][1]["fault"] = FAULT
    text = rewrite(ROUTES + RULE, [routes], "lab")
    line = "    fault: {abort: {httpStatus: 503, percentage: {value: 100.0}}}\n"
    assert text == (ROUTES + RULE).replace("# short\n", f"# short\n{line}").replace(
        "[{destination: {host: web}}]\n", f"[{{destination: {{host: web}}}}]\n{line}"
    )
    assert rewrite(text, [before], "lab") == ROUTES + RULE


def test_the_first_key_of_an_item_goes_and_the_dash_stays(routes: dict[str, Any]) -> None:
    del routes["spec"]["http"][0]["name"]
    text = rewrite(ROUTES, [routes], "lab")
    assert "  - route:\n    - destination: {host: web, subset: v1}\n" in text
    assert yaml.safe_load(text)["spec"] == routes["spec"]


def test_a_list_of_another_length_is_written_anew(routes: dict[str, Any]) -> None:
    routes["spec"]["http"][0]["route"] = [{"destination": {"host": "web", "subset": "v2"}}]
    text = rewrite(ROUTES, [routes], "lab")
    assert "    route:\n    - destination: {host: web, subset: v2}\n    timeout: 1s   # short\n" in text


def test_a_policy_that_is_not_there_follows(routes: dict[str, Any]) -> None:
    text = rewrite(RULE, [routes], "lab")
    assert text.startswith(f"{RULE}---\n")
    assert list(yaml.safe_load_all(text))[1] == routes


def test_an_empty_text_becomes_the_policies(routes: dict[str, Any]) -> None:
    assert yaml.safe_load(rewrite("", [routes], "lab")) == routes


def test_a_policy_of_another_namespace_is_another(routes: dict[str, Any]) -> None:
    assert len(list(yaml.safe_load_all(rewrite(ROUTES, [routes], "other")))) == 2


def test_a_removed_policy_goes_with_its_separator() -> None:
    assert rewrite(ROUTES + RULE, [], "lab", [PolicyName(kind="DestinationRule", namespace="lab", name="web")]) == (
        f"{ROUTES}---\n# The other one.\n"
    )
    assert rewrite(ROUTES, [], "lab", [NAME]) == "# All of them.\n"


def test_a_policy_alone_keeps_its_lines() -> None:
    text = keep_only(RULE + "---\n" + ROUTES, [NAME], "lab")
    assert [one["kind"] for one in yaml.safe_load_all(text) if one] == ["VirtualService"]
    place = (RULE + "---\n" + ROUTES).splitlines().index("kind: VirtualService")
    assert text.splitlines()[place] == "kind: VirtualService"
