"""What the mesh config comes to mean in the words of the mesh."""

from dataclasses import replace

import pytest

from loopmesh.model.mesh_settings import UNSAID, MeshSettings, PathNormalization, TlsVersion
from loopmesh.model.policy import WorkloadSelector
from loopmesh.model.problem import InvalidInputError
from loopmesh.model.provider import Authorizer, AuthorizerProtocol, LogFile, RequestBody, SpanCollector
from loopmesh.model.span_tag import SpanTag, TagKind
from loopmesh.policies import PolicySet, check_policies
from tests.policies.goldens import FOLDER
from tests.policies.reading import APPLICATION, read_mesh_config

EVERY_KEY = (FOLDER / "mesh_valid" / "every_key.yaml").read_bytes()
ELSEWHERE = b"""
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: all, namespace: istio-config}
spec: {}
"""


def test_nothing_said_is_istio_s_default() -> None:
    assert replace(read_mesh_config(b""), source=UNSAID) == MeshSettings()


def test_every_setting_has_its_units_and_words() -> None:
    settings = read_mesh_config(EVERY_KEY)
    assert settings.root_namespace == "istio-config"
    assert settings.connect_timeout_ms == 3000
    assert settings.path_normalization is PathNormalization.DECODE_AND_MERGE_SLASHES
    assert settings.mutual_tls.oldest_version is TlsVersion.V1_3
    assert settings.mutual_tls.cipher_suites == ("ECDHE-ECDSA-AES256-GCM-SHA384",)
    assert settings.retry is not None
    assert (settings.retry.attempts, settings.retry.per_try_timeout_ms) == (5, 2000)
    visibility = settings.visibility
    assert (visibility.services, visibility.routings, visibility.destination_rules) == (("*",), (".",), (".", "shop"))
    assert settings.log_format.labels == {"status": "%RESPONSE_CODE%", "path": "%REQ_WITHOUT_QUERY(:PATH)%"}
    assert (settings.default_tracing, settings.default_logging) == (("spans",), ("lines", "envoy"))


def test_tracing_defaults_are_read_from_the_proxies_defaults() -> None:
    tracing = read_mesh_config(EVERY_KEY).tracing
    assert (tracing.enabled, tracing.sampling_percent, tracing.istio_tags) == (True, 12.5, False)
    assert tracing.longest_path_tag == 100
    assert tracing.tags == (
        SpanTag(name="team", kind=TagKind.LITERAL, value="shop"),
        SpanTag(name="tenant", kind=TagKind.HEADER, value="x-tenant"),
        SpanTag(name="zone", kind=TagKind.ENVIRONMENT, value="ZONE", default="local"),
    )


def test_providers_are_known_by_their_names() -> None:
    providers = read_mesh_config(EVERY_KEY).providers
    assert set(providers) == {"envoy", "spans", "lines", "guard", "porter"}
    spans, lines, guard, porter = (providers[name] for name in ("spans", "lines", "guard", "porter"))
    assert isinstance(spans, SpanCollector)
    assert spans.longest_path_tag == 50
    assert isinstance(lines, LogFile)
    assert lines.format is not None
    assert (lines.path, lines.format.is_json, lines.omit_empty_values) == ("calls.log", True, True)
    assert isinstance(guard, Authorizer)
    assert (guard.protocol, guard.service) == (AuthorizerProtocol.GRPC, "shop/guard.shop.svc.cluster.local")
    assert (guard.timeout_ms, guard.status_on_failure, guard.allow_on_failure) == (500, 503, True)
    assert guard.body == RequestBody(max_bytes=1024, partial=True, as_bytes=True)
    assert isinstance(porter, Authorizer)
    assert porter.path_prefix == "/check"
    assert porter.headers.to_authorizer == ("authorization", "x-*")
    assert porter.headers.to_caller_on_deny == ("*-reason",)


def test_policies_of_the_chosen_root_namespace_hold_everywhere() -> None:
    settings = read_mesh_config(b"rootNamespace: istio-config\n")
    everywhere = WorkloadSelector(namespace="istio-config")
    assert settings.reaches(everywhere, "shop", {"app": "orders"})
    assert not settings.reaches(WorkloadSelector(namespace="istio-system"), "shop", {"app": "orders"})


def test_a_policy_is_checked_against_the_mesh_config_beside_it() -> None:
    files = [("policies/all.yaml", ELSEWHERE)]
    (warning,) = check_policies(PolicySet.parse(files, "shop"), APPLICATION).warnings
    assert warning.rule == "no workload is in this namespace"
    files.append(("policies/mesh/meshconfig.yaml", b"rootNamespace: istio-config\n"))
    policies = check_policies(PolicySet.parse(files, "shop"), APPLICATION)
    assert (len(policies.authorization_policies), policies.warnings) == (1, ())


def test_ejection_for_all_hosts_is_refused_beside_one_that_istiod_fails_on() -> None:
    called = b"""
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: partners, namespace: shop}
spec: {hosts: ["*.example.com"], resolution: DYNAMIC_DNS, ports: [{number: 80, name: http, protocol: HTTP}]}
"""
    ejecting = b"defaultTrafficPolicy: {outlierDetection: {consecutive5xxErrors: 3}}\n"
    files = [("policies/partners.yaml", called), ("policies/mesh/meshconfig.yaml", ejecting)]
    with pytest.raises(InvalidInputError) as caught:
        check_policies(PolicySet.parse(files, "shop"), APPLICATION)
    assert str(caught.value) == (
        "policies/partners.yaml:2: ServiceEntry shop/partners: host *.example.com: with resolution DYNAMIC_DNS istiod"
        " fails on `defaultTrafficPolicy.outlierDetection` of the mesh config (policies/mesh/meshconfig.yaml:1);"
        " say NONE, or remove one of the two"
    )
    for kept in (called.replace(b"DYNAMIC_DNS", b"NONE"), b""):
        check_policies(PolicySet.parse([("policies/partners.yaml", kept), files[1]], "shop"), APPLICATION)


def test_a_newer_mesh_config_replaces_the_one_before() -> None:
    before = PolicySet.parse([("meshconfig.yaml", b"connectTimeout: 1s\nrootNamespace: a\n")], "shop")
    newer = PolicySet.parse([("meshconfig.yaml", b"connectTimeout: 2s\n")], "shop")
    settings = check_policies(before.merged(newer), APPLICATION).settings
    assert (settings.connect_timeout_ms, settings.root_namespace) == (2000, "istio-system")
    assert check_policies(before.merged(PolicySet()), APPLICATION).settings.root_namespace == "a"


def test_the_mesh_config_is_a_policy_among_others_once_somebody_wrote_it() -> None:
    policies = check_policies(PolicySet.parse([("meshconfig.yaml", b"connectTimeout: 1s\n")], "shop"), APPLICATION)
    (name,) = policies.by_name()
    assert str(name) == "MeshConfig istio-system/istio"
    assert policies.without([name]).settings == MeshSettings()
    assert check_policies(PolicySet(), APPLICATION).by_name() == {}


def test_two_mesh_configs_are_one_too_many() -> None:
    files = [("a/meshconfig.yaml", b"{}"), ("b/meshconfig.yaml", b"{}")]
    with pytest.raises(InvalidInputError, match="the mesh config is already in a/meshconfig"):
        check_policies(PolicySet.parse(files, "shop"), APPLICATION)
