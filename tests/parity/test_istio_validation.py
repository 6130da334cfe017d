"""What the validation of Istio's own resources refuses, by Istio's own data: loopmesh refuses all of it, too."""

from pathlib import Path

import pytest
import yaml

from loopmesh.model.problem import InvalidInputError
from loopmesh.policies import PolicySet, check_policies, read_application
from tests.parity.istio_policies import module_folder

VALUES = Path(__file__).with_name("samples") / "values.yaml"
DATA = "pkg/config/validation/testdata/crds"


def _invalid() -> dict[str, str]:
    """By file and number; none without Go. What Istio says of one (`_err`) is no part of it."""
    module = module_folder("istio.io/istio")
    paths = sorted((module / DATA).glob("*-invalid.yaml")) if module else []
    found = {f"{path.stem}#{number}": one for path in paths for number, one in enumerate(_documents(path))}
    return {name: yaml.safe_dump(one) for name, one in found.items()}


def _documents(path: Path) -> list[dict[str, object]]:
    documents = [one for one in yaml.safe_load_all(path.read_text()) if one]
    return [{key: value for key, value in one.items() if key != "_err"} for one in documents]


INVALID = _invalid()


@pytest.mark.parametrize("name", INVALID)
def test_what_istio_calls_invalid_is_refused_for_what_it_says(name: str) -> None:
    application = read_application(VALUES)
    given = [("policy.yaml", INVALID[name].encode())]
    with pytest.raises(InvalidInputError) as refused:
        check_policies(PolicySet.parse(given, application.namespace), application)
    # Not only because the application lacks the services it names.
    assert any(problem.value.startswith(("spec", "kind:")) for problem in refused.value.problems)
    assert all(problem.origin.line for problem in refused.value.problems)
