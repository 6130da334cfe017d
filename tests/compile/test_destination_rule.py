"""Which DestinationRule counts for whom; precedence is Istio's."""

from tests.compile.compiling import configuration, destination_rule
from tests.compile.destinations import WEB, limited, limits


def test_a_subset_replaces_the_parts_it_names_and_a_port_replaces_all() -> None:
    rule = """host: web, trafficPolicy: {connectionPool: {tcp: {maxConnections: 1}}, loadBalancer: {simple: RANDOM}},
      subsets: [{name: a}, {name: b, trafficPolicy: {connectionPool: {tcp: {maxConnections: 2}}}},
                {name: c, trafficPolicy: {portLevelSettings: [{port: {number: 7000}, tls: {mode: DISABLE}}]}}]"""
    clusters = configuration("till-v1-0", destination_rule(rule))["Cluster"]

    def of(subset: str, port: int = 7000) -> tuple[int, str]:
        found = clusters[f"outbound|{port}|{subset}|{WEB}"]
        return found["circuit_breakers"]["thresholds"][0]["max_connections"], found["lb_policy"]

    assert of("a") == (1, "RANDOM")
    assert of("b") == (2, "RANDOM")
    assert of("c") == (4294967295, "LEAST_REQUEST"), "what a port does not say is Istio's default"
    assert of("c", 8000) == (1, "RANDOM")


def test_the_limits_of_callers_hold_at_the_instances_too() -> None:
    port = "portLevelSettings: [{port: {number: 8000}, connectionPool: {tcp: {maxConnections: 2}}}]"
    policy = f"connectionPool: {{tcp: {{maxConnections: 1}}}}, {port}"
    clusters = configuration("web-v1-0", destination_rule(f"host: web, trafficPolicy: {{{policy}}}"))["Cluster"]

    def limit(number: int) -> int:
        (found,) = clusters[f"inbound|{number}||"]["circuit_breakers"]["thresholds"]
        return int(found["max_connections"])

    assert (limit(7000), limit(8000)) == (1, 2)


def test_the_callers_namespace_comes_before_the_services_and_the_root() -> None:
    root = limited(1, "web.shop.svc.cluster.local", name="root", namespace="istio-system")
    service = limited(2, "web.shop.svc.cluster.local", name="service", namespace="shop")
    caller = limited(3, "web.shop.svc.cluster.local", name="caller", namespace="archive")
    web = f"7000||{WEB}"
    assert limits([root], "archive-web-v1-0")[web] == 1
    assert limits([root, service], "archive-web-v1-0")[web] == 2
    assert limits([root, service, caller], "archive-web-v1-0")[web] == 3
    assert limits([root, service, caller], "till-v1-0")[web] == 2


def test_the_most_specific_host_of_a_namespace_counts() -> None:
    wide = limited(1, "'*.local'", name="a")
    narrow = limited(2, "'*.shop.svc.cluster.local'", name="b")
    found = limits([wide, narrow, limited(3, name="c")])
    assert found[f"7000||{WEB}"] == 3
    assert found["4222||nats.shop.svc.cluster.local"] == 2
    assert found["7000||web.archive.svc.cluster.local"] == 1


def test_a_rule_is_for_the_namespaces_it_is_exported_to() -> None:
    private = limited(1, more="exportTo: [.]")
    named = limited(1, more="exportTo: [archive]")
    web = f"7000||{WEB}"
    assert web in limits([private], "till-v1-0")
    assert web not in limits([private], "archive-web-v1-0")
    assert web not in limits([named], "till-v1-0")
    assert web in limits([named], "archive-web-v1-0")


def test_the_mesh_s_default_may_make_rules_private() -> None:
    private = "defaultDestinationRuleExportTo: ['.']"
    assert limits([limited(1)], "till-v1-0", private)
    assert not limits([limited(1)], "archive-web-v1-0", private)


def test_a_rule_for_some_workloads_replaces_the_one_for_all() -> None:
    rules = [limited(1, name="all"), limited(2, more="workloadSelector: {matchLabels: {tier: front}}", name="some")]
    assert limits(rules, "till-v1-0")[f"7000||{WEB}"] == 2
    assert limits(rules, "nats-v1-0")[f"7000||{WEB}"] == 1


def test_rules_for_one_host_are_merged() -> None:
    first = destination_rule("host: web, subsets: [{name: v1, labels: {version: v1}}]", name="a")
    second = limited(2, more="subsets: [{name: v2, labels: {version: v2}}]", name="b")
    assert limits([first, second]) == {
        f"{port}|{subset}|{WEB}": 2 for port in (7000, 8000) for subset in ("", "v1", "v2")
    }
