"""Which Telemetry holds for a proxy, and what its listeners then tell."""

import json
from typing import Any

import pytest
import yaml

from loopmesh.compile import compiled_files
from loopmesh.policies import PolicySet, check_policies
from tests.policies.reading import APPLICATION

SETTINGS = """
defaultConfig: {tracing: {sampling: 30, customTags: {mesh: {literal: {value: a}}}}}
extensionProviders:
- {name: spans, opentelemetry: {service: otel.example.com, port: 4317, maxTagLength: 20}}
- {name: lines, envoyFileAccessLog: {path: lines.log}}
- {name: more, envoyFileAccessLog: {path: more.log}}
"""


def telemetry(name: str, namespace: str = "shop", app: str = "", **spec: Any) -> str:
    selector = {"selector": {"matchLabels": {"app": app}}} if app else {}
    metadata = {"name": name, "namespace": namespace}
    api = {"apiVersion": "telemetry.istio.io/v1", "kind": "Telemetry"}
    return json.dumps({**api, "metadata": metadata, "spec": {**selector, **spec}})


def listeners(*policies: str, settings: str = SETTINGS, workload: str = "orders-v1-0") -> dict[str, Any]:
    """The HTTP connection managers of a workload by listener name: `outbound` is its client side."""
    files = [("meshconfig.yaml", settings.encode()), ("a.yaml", "\n---\n".join(policies).encode())]
    policy_set = PolicySet.parse(files, APPLICATION.namespace)
    compiled = compiled_files(APPLICATION, check_policies(policy_set, APPLICATION))
    found = yaml.safe_load(compiled[f"{workload}.yaml"])["Listener"]
    return {name: one["filter_chains"][0]["filters"][0]["typed_config"] for name, one in found.items()}


def traced(*policies: str, **options: str) -> dict[str, float | None]:
    """The percentage of calls traced on the client's and the server's side, None where there are no spans."""
    found = listeners(*policies, **options)
    sides = {"client": found["outbound"], "server": found["inbound|50051"]}
    return {
        side: one["tracing"]["random_sampling"]["value"] if "tracing" in one else None for side, one in sides.items()
    }


def logged(*policies: str, **options: str) -> dict[str, dict[str, str]]:
    """The log files of both sides, each with the condition of a line."""
    found = listeners(*policies, **options)
    sides = {"client": found["outbound"], "server": found["inbound|50051"]}
    return {side: dict(map(_log, one.get("access_log", []))) for side, one in sides.items()}


def _log(log: dict[str, Any]) -> tuple[str, str]:
    condition = log.get("filter", {}).get("extension_filter", {}).get("typed_config", {}).get("expression", "")
    return log["typed_config"].get("path", "own"), condition


def tracing(**rule: object) -> dict[str, Any]:
    return {"tracing": [{"providers": [{"name": "spans"}], **rule}]}


def logging(*rules: dict[str, object]) -> dict[str, Any]:
    return {"accessLogging": list(rules)}


def to(*names: str, **rule: object) -> dict[str, Any]:
    return {"providers": [{"name": name} for name in names], **rule}


def test_the_narrowest_policy_says_how_much_is_traced() -> None:
    mesh = telemetry("mesh", "istio-system", **tracing(randomSamplingPercentage=1))
    namespace = telemetry("namespace", **tracing(randomSamplingPercentage=2))
    workload = telemetry("workload", app="orders", **tracing(randomSamplingPercentage=3))
    assert traced(mesh) == {"client": 1, "server": 1}
    assert traced(namespace, mesh) == {"client": 2, "server": 2}
    assert traced(workload, namespace, mesh) == {"client": 3, "server": 3}
    assert traced(workload, namespace, mesh, workload="catalog-v1-0") == {"client": 2, "server": 2}


def test_what_a_narrower_policy_leaves_out_comes_from_the_wider() -> None:
    mesh = telemetry("mesh", "istio-system", **tracing(customTags={"a": {"literal": {"value": "b"}}}))
    workload = telemetry("workload", app="orders", tracing=[{"randomSamplingPercentage": 4, "enableIstioTags": False}])
    found = listeners(mesh, workload)["outbound"]["tracing"]
    assert found["random_sampling"]["value"] == 4
    assert [tag["tag"] for tag in found["custom_tags"]] == ["a"]
    assert found["max_path_tag_length"] == 20


def test_without_a_percentage_the_mesh_s_counts_and_at_last_istio_s() -> None:
    policy = telemetry("mesh", "istio-system", **tracing())
    assert traced(policy) == {"client": 30, "server": 30}
    unsaid = SETTINGS.replace("sampling: 30, ", "")
    assert traced(policy, settings=unsaid) == {"client": 1, "server": 1}


def test_tags_of_policies_replace_the_mesh_s() -> None:
    unsaid = telemetry("mesh", "istio-system", **tracing(enableIstioTags=False))
    said = telemetry(
        "mesh", "istio-system", **tracing(enableIstioTags=False, customTags={"x": {"header": {"name": "y"}}})
    )
    assert [tag["tag"] for tag in listeners(unsaid)["outbound"]["tracing"]["custom_tags"]] == ["mesh"]
    assert [tag["tag"] for tag in listeners(said)["outbound"]["tracing"]["custom_tags"]] == ["x"]


def test_spans_can_be_off_on_one_side() -> None:
    mesh = telemetry("mesh", "istio-system", **tracing(randomSamplingPercentage=9))
    off = telemetry("off", tracing=[{"match": {"mode": "SERVER"}, "disableSpanReporting": True}])
    assert traced(mesh, off) == {"client": 9, "server": None}


def test_a_policy_can_trace_although_the_mesh_config_does_not() -> None:
    policy = telemetry("mesh", "istio-system", **tracing(randomSamplingPercentage=9))
    assert traced(policy, settings=f"enableTracing: false\n{SETTINGS}") == {"client": 9, "server": 9}


def test_sampling_need_not_follow_the_request_s_id() -> None:
    policy = telemetry("mesh", "istio-system", **tracing(useRequestIdForTraceSampling=False))
    extension = listeners(policy)["outbound"]["request_id_extension"]
    assert extension["typed_config"]["use_request_id_for_trace_sampling"] is False
    assert "request_id_extension" not in listeners(telemetry("mesh", "istio-system", **tracing()))["outbound"]


@pytest.mark.parametrize(
    ("levels", "client", "server"),
    [
        ([], {"own": ""}, {"own": ""}),
        ([("mesh", [to("envoy")])], {"/dev/stdout": ""}, {"/dev/stdout": ""}),
        ([("mesh", [to("ENVOY")])], {"/dev/stdout": ""}, {"/dev/stdout": ""}),
        ([("mesh", [to("lines", filter={"expression": "a"})])], {"lines.log": "a"}, {"lines.log": "a"}),
        ([("mesh", [to("lines", match={"mode": "CLIENT"})])], {"lines.log": ""}, {}),
        ([("mesh", [to("lines", "more")])], {"lines.log": "", "more.log": ""}, {"lines.log": "", "more.log": ""}),
        # A narrower level that names providers leaves the wider ones' out.
        ([("mesh", [to("lines")]), ("namespace", [to("more")])], {"more.log": ""}, {"more.log": ""}),
        # One that names none speaks of the wider ones'.
        ([("mesh", [to("lines")]), ("workload", [{"disabled": True}])], {}, {}),
        (
            [("mesh", [to("lines")]), ("workload", [{"disabled": True, "match": {"mode": "CLIENT"}}])],
            {},
            {"lines.log": ""},
        ),
        # What is off above can be on below.
        ([("mesh", [to("lines", disabled=True)]), ("workload", [to("lines")])], {"lines.log": ""}, {"lines.log": ""}),
        (
            [("mesh", [to("lines", match={"mode": "CLIENT"}), to("more", match={"mode": "SERVER"})])],
            {"lines.log": ""},
            {"more.log": ""},
        ),
        # Nothing was ever on, so there is nothing at all.
        ([("mesh", [{"disabled": True}])], {}, {}),
    ],
)
def test_the_narrowest_policy_says_what_is_logged(
    levels: list[tuple[str, list[dict[str, object]]]], client: dict[str, str], server: dict[str, str]
) -> None:
    place = {"mesh": ("istio-system", ""), "namespace": ("shop", ""), "workload": ("shop", "orders")}
    policies = [telemetry(name, *place[name], **logging(*rules)) for name, rules in levels]
    assert logged(*policies) == {"client": client, "server": server}


def test_the_mesh_s_log_file_counts_where_policies_come_to_nothing() -> None:
    policy = telemetry("mesh", "istio-system", **logging(to("lines", match={"mode": "CLIENT"})))
    found = logged(policy, settings=f"accessLogFile: mesh.log\n{SETTINGS}")
    assert found == {"client": {"lines.log": ""}, "server": {"mesh.log": ""}}


def test_default_providers_log_where_no_policy_speaks() -> None:
    settings = f"defaultProviders: {{accessLogging: [more, lines]}}\naccessLogFile: mesh.log\n{SETTINGS}"
    assert logged(settings=settings)["client"] == {"lines.log": "", "more.log": ""}
    off = telemetry("off", app="orders", **logging({"disabled": True}))
    assert logged(off, settings=settings)["client"] == {}
