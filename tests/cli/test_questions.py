"""What is no question about a call that a proxy would take."""

from pathlib import Path

import pytest

from tests.cli.invoking import failing
from tests.cli.scripted_mesh import ScriptedMesh, running


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["/a#b"], "path '/a#b': proxies take plain ASCII without `#` and spaces; write others as %XX"),
        (["/é"], "path '/é': proxies take plain ASCII without `#` and spaces; write others as %XX"),
        (["/a", "-X", "get"], "-X get: proxies take no such method; write GET"),
        (["/a", "-X", "BREW"], "-X BREW: proxies take no such method; use one of HTTP, such as GET or POST"),
        (["/a", "-X", "CONNECT"], "-X CONNECT: proxies take no such method; use one of HTTP, such as GET or POST"),
        (["/a", "-H", "host: other"], "-H 'host: other': SERVICE:PORT is the host of a call"),
    ],
)
def test_a_call_no_proxy_would_take_is_wrong_use(tmp_path: Path, arguments: list[str], said: str) -> None:
    with running(ScriptedMesh(), tmp_path) as state:
        assert failing("explain", "--state", state, "--from", "wallet", "wallet:50051", *arguments, code=2).endswith(
            f"Error: {said}\n"
        )
