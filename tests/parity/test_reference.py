"""The examples of Istio's API reference: each agrees with Istio, or is refused by name with a reason."""

import pytest

from loopmesh.model.problem import InvalidInputError
from tests.parity.generator import Verifier
from tests.parity.istio_reference import application_of, examples, with_companions

EXAMPLES = examples()
REFUSED = {
    "destination_rule.proto#16": "zoneAwareLbSetting",
    "destination_rule.proto#17": "zoneAwareLbSetting",
    "destination_rule.proto#2": "port 9080: ratings.prod.svc.cluster.local has no such port",
    "destination_rule.proto#3": "port 31443: example.com has no such port",
    "envoy_filter.proto#3": "filterClass",
    "envoy_filter.proto#4": "filterClass",
    "envoy_filter.proto#5": "it does nothing unless `match` names the filter",
    "envoy_filter.proto#6": "EXTENSION_CONFIG",
    "gateway.proto#0": "serverCertificate",
    "gateway.proto#5": "MONGO",
    "proxy_config.proto": "ProxyConfig",
    "request_authentication.proto#4": "no RequestAuthentication selects gateway",
    "selector.proto": "targetRefs",
    "service_entry.proto#12": "WorkloadEntry",
    "service_entry.proto#3": "a program dials port 443 by the name of one host",
    "sidecar.proto#3": "spec.egress[0].port",
    "sidecar.proto#4": "spec.egress[0].captureMode",
    "sidecar.proto#6": "spec.ingress",
    "sidecar.proto#7": "spec.ingress",
    "sidecar.proto#8": "spec.ingress",
    "telemetry.proto#10": "disableContextPropagation",
    "telemetry.proto#5": "spec.metrics",
    "telemetry.proto#6": "spec.metrics",
    "telemetry.proto#7": "spec.metrics",
    "traffic_extension.proto": "TrafficExtension",
    "virtual_service.proto#18": "did you mean `prefixRewrite`?",
    "virtual_service.proto#7": "nsA",
    "virtual_service.proto#8": "nsA",
    "virtual_service.proto#9": "nsB",
    "wasm.proto": "WasmPlugin",
    "workload_entry.proto#0": "WorkloadEntry",
    "workload_entry.proto#2": "WorkloadEntry",
    "workload_entry.proto#4": "WorkloadEntry",
    "workload_group.proto": "WorkloadGroup",
}
"""Examples loopmesh refuses, or all of a file, and what it says of them."""


def refusal(name: str) -> str | None:
    return REFUSED.get(name) or REFUSED.get(name.partition("#")[0])


@pytest.mark.parametrize("name", [name for name in EXAMPLES if not refusal(name)])
def test_an_example_means_the_same_as_under_istio(verifier: Verifier, name: str) -> None:
    files = with_companions(name, EXAMPLES[name])
    found = verifier.undeclared(application_of(files), files)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", [name for name in EXAMPLES if refusal(name)])
def test_an_example_is_refused_by_name(verifier: Verifier, name: str) -> None:
    files = with_companions(name, EXAMPLES[name])
    with pytest.raises(InvalidInputError) as refused:
        verifier.undeclared(application_of(files), files)
    assert (refusal(name) or "") in str(refused.value)
    assert all(problem.origin.line for problem in refused.value.problems)
