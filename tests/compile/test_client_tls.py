"""TLS that a DestinationRule begins."""

from typing import Any

from tests.compile.compiling import configuration, destination_rule
from tests.compile.destinations import GRPC, cluster, http_options


def tls_context(tls: str) -> dict[str, Any]:
    return dict(cluster(f"tls: {{{tls}}}")["transport_socket"]["typed_config"])


def test_mutual_tls_of_the_mesh_takes_other_names() -> None:
    context = tls_context("mode: ISTIO_MUTUAL, sni: other.example.com, subjectAltNames: [spiffe://a/ns/b/sa/c]")
    assert context["sni"] == "other.example.com"
    combined = context["common_tls_context"]["combined_validation_context"]
    names = combined["default_validation_context"]["match_typed_subject_alt_names"]
    assert names == [{"san_type": "URI", "matcher": {"exact": "spiffe://a/ns/b/sa/c"}}]


def test_tls_of_anybody_s_verifies_the_host_called() -> None:
    common = tls_context("mode: SIMPLE")["common_tls_context"]
    assert common["validation_context"] == {"trusted_ca": {"filename": "/etc/ssl/certs/ca-certificates.crt"}}
    assert common["alpn_protocols"] == ["h2"]
    assert "tls_certificates" not in common
    options = http_options("tls: {mode: SIMPLE}")
    assert options["upstream_http_protocol_options"] == {"auto_sni": True, "auto_san_validation": True}


def test_tls_with_certificates_of_files() -> None:
    files = "clientCertificate: /a.pem, privateKey: /a.key, caCertificates: /ca.pem, caCrl: /a.crl"
    common = tls_context(f"mode: MUTUAL, sni: a.com, {files}")["common_tls_context"]
    assert common["tls_certificates"] == [
        {"certificate_chain": {"filename": "/a.pem"}, "private_key": {"filename": "/a.key"}}
    ]
    assert common["validation_context"] == {"trusted_ca": {"filename": "/ca.pem"}, "crl": {"filename": "/a.crl"}}


def test_tls_with_a_secret_of_some_workloads() -> None:
    tls = "tls: {mode: MUTUAL, credentialName: shop, subjectAltNames: [shop.example.com]}"
    rule = f"host: web, workloadSelector: {{matchLabels: {{tier: front}}}}, trafficPolicy: {{{tls}}}"
    found = configuration("till-v1-0", destination_rule(rule))["Cluster"][GRPC]["transport_socket"]["typed_config"]
    common = found["common_tls_context"]
    assert [one["name"] for one in common["tls_certificate_sds_secret_configs"]] == ["kubernetes://shop"]
    combined = common["combined_validation_context"]
    assert combined["validation_context_sds_secret_config"]["name"] == "kubernetes://shop-cacert"
    assert "shop.example.com" in str(combined["default_validation_context"])
    assert "kubernetes://" not in str(configuration("nats-v1-0", destination_rule(rule))["Cluster"])


def test_tls_that_verifies_nothing() -> None:
    policy = "mode: SIMPLE, insecureSkipVerify: true"
    assert tls_context(policy)["common_tls_context"]["validation_context"] == {}
    assert http_options(f"tls: {{{policy}}}")["upstream_http_protocol_options"] == {"auto_sni": True}


def test_without_tls_nothing_is_encrypted() -> None:
    found = cluster("tls: {mode: DISABLE}")
    assert "transport_socket" not in found
    assert "transport_socket_matches" not in found
