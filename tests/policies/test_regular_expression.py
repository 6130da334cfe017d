"""Our judgement of regular expressions agrees with Envoy's own, which runs them."""

import json
import subprocess
from pathlib import Path

import pytest

from loopmesh.policies.regular_expression import regex_problem
from loopmesh.run.envoy_binary import find_envoy

ISTIOS_PROGRAM_SIZE = 32768
"""As Istio's bootstrap sets it; Envoy's own is 100."""
GOOD = (
    r"v[12]|canary", r"/users/\d+/orders(/.*)?", r"a{2,1000}", r"(?i)get", r"(?i:get)x", r"x(?U)a+", r"[[:alpha:]_]+",
    r"[^]a]b", r"\p{Greek}\pL\PN", r"(?P<name>a)", r"\Qa(b\E", r"^\Aa\z$", r"\x41\x{fF}", r"a+?b*?c??",
    r"\\1", r"[(?=]", r"(?:a|b)+", r"\bword\B", r"\/v1\.0\-x", r"[\d\-\]]",
    "(" * 500 + ")" * 500, "a{99999999999999999999}",
)  # fmt: skip
BAD = (
    r"a(?=b)", r"(?<=a)b", r"(?!a)", r"(?>a)", r"(a)\1", r"a++", r"a*+", r"a{2}+", r"(?P=name)", r"(?(1)a)",
    r"(?#note)", r"(?x)a", r"a{1001}", r"(", r"a)", r"[a", r"*a", r"a**", r"[z-a]", r"\Z", r"\y", r"\x{100}", r"\x{",
)  # fmt: skip


def envoy_takes(folder: Path, *patterns: str) -> bool:
    """Lets Envoy read a configuration with the expressions, as headers' conditions."""
    listener = {
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
        "filter_chains": [{"filters": [{"name": "http", "typed_config": connection_manager(patterns)}]}],
    }
    layer = {"name": "a", "static_layer": {"re2.max_program_size.error_level": ISTIOS_PROGRAM_SIZE}}
    config = {"static_resources": {"listeners": [listener]}, "layered_runtime": {"layers": [layer]}}
    command = [str(find_envoy({})), "--mode", "validate", "--config-yaml", json.dumps(config), "-l", "off"]
    result = subprocess.run(command, cwd=folder, capture_output=True, timeout=60, check=False)
    return result.returncode == 0


def connection_manager(patterns: tuple[str, ...]) -> dict[str, object]:
    types = "type.googleapis.com/envoy.extensions.filters"
    headers = [{"name": "x", "string_match": {"safe_regex": {"regex": pattern}}} for pattern in patterns]
    route = {"match": {"prefix": "/", "headers": headers}, "direct_response": {"status": 200}}
    return {
        "@type": f"{types}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "a",
        "route_config": {"virtual_hosts": [{"name": "a", "domains": ["*"], "routes": [route]}]},
        "http_filters": [{"name": "router", "typed_config": {"@type": f"{types}.http.router.v3.Router"}}],
    }


def test_envoy_takes_every_expression_that_is_taken_here(tmp_path: Path) -> None:
    assert [(pattern, regex_problem(pattern)) for pattern in GOOD] == [(pattern, None) for pattern in GOOD]
    assert envoy_takes(tmp_path, *GOOD)


@pytest.mark.parametrize("pattern", BAD)
def test_what_is_refused_here_envoy_refuses_too(pattern: str, tmp_path: Path) -> None:
    assert regex_problem(pattern)
    assert not envoy_takes(tmp_path, pattern)


@pytest.mark.parametrize("pattern", ["a" * 1025, "\\", "((a{1000}){1000}){1000}"])
def test_absurd_expressions_are_only_wrong(pattern: str) -> None:
    assert regex_problem(pattern)
