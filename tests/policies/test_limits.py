"""Hostile and huge input ends in a clear problem, never in a crash; results are asserted, times are not."""

import pytest

from loopmesh.policies.document_part import MOST_PROBLEMS
from tests.policies.reading import problems_of, read_policies

POLICY = (
    "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {{name: a{number}}}\nspec:\n"
    "  selector: {{matchLabels: {{app: catalog}}}}\n  rules: [{{to: [{{operation: {{paths: [/a]}}}}]}}]\n---\n"
)
TOO_MUCH = "a file has at most 2000000 values, nested 100 deep, aliases followed"


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? ", "[{a: "])
def test_deep_nesting_does_not_end_the_process(opening: str) -> None:
    (problem,) = problems_of(opening * 300_000)
    assert TOO_MUCH in problem


def test_a_hundred_levels_are_enough_for_any_policy() -> None:
    assert TOO_MUCH not in "".join(problems_of("[" * 99 + "]" * 99))


def test_aliases_are_followed_within_bounds() -> None:
    levels = [f"a{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 10)}]\n" for number in range(1, 60)]
    (problem,) = problems_of("a0: &a0 [x]\n" + "".join(levels))
    assert TOO_MUCH in problem


def test_ten_thousand_policies_are_read() -> None:
    policies = read_policies("".join(POLICY.format(number=number) for number in range(10_000)))
    assert len(policies.authorization_policies) == 10_000


def test_ten_thousand_mistakes_are_told() -> None:
    wrong = POLICY.replace("name: a{number}", "name: A{number}")
    assert len(problems_of("".join(wrong.format(number=number) for number in range(10_000)))) == 10_000


def test_hundreds_of_thousands_of_items_are_refused_at_their_place() -> None:
    spec = "spec:\n  host: catalog\n  subsets:\n" + "  - aaaa\n" * 320_000
    problems = problems_of(f"apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{name: a}}\n{spec}")
    assert problems[0].startswith("0.yaml:7: spec.subsets[0]: this is a mapping")
    assert len(problems) == MOST_PROBLEMS, "what nobody could read is not told"


def test_the_unknown_fields_of_one_mapping_are_counted_when_they_are_many() -> None:
    problems = problems_of("".join(f"k{number}: 1\n" for number in range(100_000)))
    assert "99900 more fields that loopmesh does not support" in problems[0]
    assert len(problems) < 110


def test_overlapping_hosts_are_found_among_thousands() -> None:
    hosts = [f"h{number}.example.com" for number in range(20_000)]
    head = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: a}\n"
    routes = "  gateways: [edge]\n  http: [{route: [{destination: {host: catalog}}]}]\n"
    text = f"{head}spec:\n  hosts: {['*9.example.com', *hosts]}\n{routes}".replace("'*9", "'*-9")
    assert not [one for one in problems_of(text) if "overlap" in one]
    twice = text.replace("'h7.example.com'", "'h8.example.com'").replace("'*-9.", "'*.h9.")
    assert [one for one in problems_of(twice) if "overlap" in one] == [
        "0.yaml:5: spec.hosts: `h8.example.com` and `h8.example.com` overlap; keep one of the two"
    ]


@pytest.mark.parametrize("number", ["0x" + "f" * 20_000, "1" * 20_000, "1" * 20_000 + ".5", ".inf", ".nan", "1e999"])
def test_odd_numbers_are_only_wrong(number: str) -> None:
    head = "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: a}\n"
    (problem,) = problems_of(
        f"{head}spec: {{host: catalog, trafficPolicy: {{connectionPool: {{tcp: {{maxConnections: {number}}}}}}}}}"
    )
    assert len(problem) < 400


def test_a_policy_no_cluster_could_hold_is_refused_at_its_place() -> None:
    rules = "  - {to: [{operation: {paths: [/some/path]}}]}\n" * 70_000
    head = "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: a}\n"
    (problem,) = problems_of(f"{head}spec:\n  rules:\n{rules}")
    assert problem.startswith(
        "0.yaml:1: the policy is too large: an object has at most 1572864 bytes, as on Kubernetes"
    )


VIRTUAL_SERVICE = (
    "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: {name}}}\nspec: {spec}\n---\n"
)


def test_routes_that_delegation_multiplies_beyond_measure_are_refused() -> None:
    asking = ", ".join(f"{{match: [{{uri: {{prefix: /{number}}}}}], delegate: {{name: d}}}}" for number in range(1500))
    answer = "route: [{destination: {host: catalog}}]"
    own = ", ".join(f"{{match: [{{headers: {{x: {{exact: a{number}}}}}}}], {answer}}}" for number in range(1500))
    root = VIRTUAL_SERVICE.format(name="r", spec=f"{{hosts: [catalog], http: [{asking}]}}")
    problem, *_ = problems_of(root + VIRTUAL_SERVICE.format(name="d", spec=f"{{http: [{own}]}}"))
    assert "with what it delegates to it has 2250000 matches" in problem


def test_thousands_of_delegates_that_are_missing_are_told() -> None:
    specs = (f"{{hosts: [h{number}.example.com], http: [{{delegate: {{name: d{number}}}}}]}}" for number in range(5000))
    policies = "".join(VIRTUAL_SERVICE.format(name=f"v{number}", spec=spec) for number, spec in enumerate(specs))
    assert len(problems_of(policies)) == 5000


def test_thousands_of_rules_for_one_host_are_read() -> None:
    rule = "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{name: r{number}}}\nspec:\n"
    spec = "  host: catalog\n  subsets: [{{name: s{number}, labels: {{version: v1}}}}]\n---\n"
    policies = read_policies("".join((rule + spec).format(number=number) for number in range(10_000)))
    assert len(policies.destination_rules) == 10_000
