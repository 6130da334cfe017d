"""`mesh validate` and Istio's own analyzers look at the same policies and complain about the same objects."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from loopmesh.model.problem import InvalidInputError, Problem
from loopmesh.policies import PolicySet, check_policies, read_application
from loopmesh.policies.analysis import Message
from loopmesh.policies.document import API_VERSIONS
from tests.analysis.cluster import manifests
from tests.analysis.messages import IN_OTHER_WORDS, NOT_OURS, TOLD
from tests.go import require_go
from tools.chart.go_tools import module_folder, module_version, run_own

FOLDER = Path(__file__).parent
CASES = sorted((FOLDER / "cases").glob("*.yaml"))
FIXTURES = sorted(
    file for folder in ("invalid", "warned", "valid") for file in (FOLDER.parent / "policies" / folder).glob("*.yaml")
)
APPLICATION = read_application(FOLDER / "values.yaml")
ISTIO = "istio.io/istio"
FOLLOWS_FROM = {"IST0132": "IST0101"}
"""A Gateway that is not there lets nothing in."""
OF_SEVERAL = {"IST0109", "IST0110", "IST0111", "IST0145", "IST0159", "IST0160"}
"""What cannot be told where one of the several cannot be read."""
BY_AN_OLDER_FORM = {("VirtualService shop/catalog", "IST0101"), ("VirtualService shop/catalog", "IST0132")}
"""Istio's analysis does not find a Gateway that is named as a host, which istiod does."""
Said = set[tuple[str, str]]
"""Objects (`VirtualService shop/catalog`) and the codes said of them."""


def test_every_message_of_istio_is_told_or_has_a_reason() -> None:
    require_go()
    folder = module_folder(ISTIO, module_version(ISTIO))
    said = (folder / "pkg/config/analysis/msg/messages.yaml").read_text()
    known = {one["code"]: one["level"].lower() for one in yaml.safe_load(said)["messages"]}
    assert set(known) == {*TOLD, *IN_OTHER_WORDS, *NOT_OURS}
    assert {message: message.severity for message in Message} == {message: known[message] for message in Message}


def test_every_message_that_is_told_has_a_case() -> None:
    assert {file.stem.partition("_")[0] for file in CASES} == {*TOLD, *IN_OTHER_WORDS} - {"IST0161"}


@pytest.fixture(scope="session")
def by_istio(tmp_path_factory: pytest.TempPathFactory) -> Mapping[Path, Said]:
    """What Istio's analyzers say of each file beside the application."""
    require_go()
    cluster = tmp_path_factory.mktemp("cluster") / "application.yaml"
    cluster.write_text(yaml.safe_dump_all(manifests(APPLICATION)))
    files = [*CASES, *FIXTURES]
    asked = [{"namespace": APPLICATION.namespace, "files": [str(cluster), str(file)]} for file in files]
    answer = run_own(package="./analysis", stdin=json.dumps(asked))
    assert answer.returncode == 0, answer.stderr
    return {
        file: {(one["object"], one["code"]) for one in said if is_ours(one)}
        for file, said in zip(files, json.loads(answer.stdout), strict=True)
    }


def is_ours(said: Mapping[str, str]) -> bool:
    """Secrets are no policies: what Gateways name of them is looked at when a mesh starts."""
    is_policy = said["object"].partition(" ")[0] in API_VERSIONS
    return is_policy and not said["message"].startswith("Referenced credentialName")


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_a_message_is_said_of_the_same_objects(by_istio: Mapping[Path, Said], file: Path) -> None:
    code = file.stem.partition("_")[0]
    assert code in {said for _, said in by_istio[file]}
    assert not unheard(by_istio[file], problems_of(file), file)
    if code in TOLD:
        assert code in {problem.code for problem in problems_of(file)}


@pytest.mark.parametrize("file", FIXTURES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_no_object_istio_complains_about_is_passed_over(by_istio: Mapping[Path, Said], file: Path) -> None:
    said = by_istio[file] - (BY_AN_OLDER_FORM if file.stem == "gateway_names" else set())
    assert not unheard(said, problems_of(file), file)


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_no_message_is_said_of_an_object_istio_has_no_complaint_about(
    by_istio: Mapping[Path, Said], file: Path
) -> None:
    for problem in problems_of(file):
        if problem.code:
            assert (object_at(problem, file), problem.code) in by_istio[file]


def problems_of(file: Path) -> tuple[Problem, ...]:
    """Everything `mesh validate` tells of the file."""
    try:
        return check_policies(PolicySet.parse([(str(file), file.read_bytes())], "shop"), APPLICATION).warnings
    except InvalidInputError as error:
        return error.problems


def unheard(istio: Said, problems: tuple[Problem, ...], file: Path) -> Said:
    """What Istio says and loopmesh does not: of the object itself, or where it is named beside another one."""
    said = {(object_at(problem, file), problem.code) for problem in problems}
    broken = {about for about, code in said if not code}
    named = {(found, problem.code) for problem in problems for found in re.findall(r"\w+ \S+/\S+(?= \()", problem.rule)}
    heard = said | named
    return {
        (about, code)
        for about, code in istio
        if code not in NOT_OURS
        and (about, code) not in heard
        and about not in broken
        and not (code in OF_SEVERAL and broken)
        and (about, FOLLOWS_FROM.get(code)) not in heard
        and not (code in IN_OTHER_WORDS and about in {one for one, _ in heard})
    }


def object_at(problem: Problem, file: Path) -> str:
    """The policy whose document holds the line of the problem; nothing for what is no YAML."""
    try:
        starts = [node.start_mark.line for node in yaml.compose_all(file.read_bytes()) if node]
        documents = [document for document in yaml.safe_load_all(file.read_bytes()) if document]
    except yaml.YAMLError:
        return ""
    document = documents[sum(start < problem.origin.line for start in starts) - 1]
    if not isinstance(document, dict) or not isinstance(document.get("metadata"), dict):
        return ""
    metadata = document["metadata"]
    return f"{document.get('kind')} {metadata.get('namespace', 'shop')}/{metadata.get('name')}"
