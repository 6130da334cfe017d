"""Istio's own samples: every policy file agrees with Istio, or is refused by name with a reason."""

from pathlib import Path

import pytest

from loopmesh.model.problem import InvalidInputError
from loopmesh.policies import read_application
from tests.parity.generator import Verifier
from tests.parity.istio_samples import sample_files, sample_policies

APPLICATION = read_application(Path(__file__).with_name("samples") / "values.yaml")
REFUSED = {
    "bookinfo/networking/certmanager-gateway.yaml": "no service has this host",
    "multicluster/expose-istiod-https.yaml": "$CREDENTIAL_NAME",
    "multicluster/expose-services.yaml": "AUTO_PASSTHROUGH",
    "open-telemetry/loki/telemetry.yaml": "the mesh config has no provider of this name",
    "open-telemetry/tracing/telemetry.yaml": "the mesh config has no provider of this name",
}
"""Files loopmesh refuses, and what it says of them."""


@pytest.mark.parametrize("name", [name for name in sample_files() if name not in REFUSED])
def test_a_sample_means_the_same_as_under_istio(verifier: Verifier, name: str) -> None:
    found = verifier.undeclared(APPLICATION, sample_policies(name))
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", [name for name in sample_files() if name in REFUSED])
def test_a_sample_is_refused_by_name(verifier: Verifier, name: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        verifier.undeclared(APPLICATION, sample_policies(name))
    assert REFUSED[name] in str(refused.value)
    assert all(problem.origin.line for problem in refused.value.problems)
