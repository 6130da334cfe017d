"""What a proxy's log says of one connection is not taken for another's from the same port."""

from pathlib import Path

from tests.parity.proxy_log import ProxyLogs

SOURCE = "127.0.0.1:40312"
LET_IN = f"""checking connection: requestedServerName: , sourceIP: {SOURCE}, directRemoteIP: {SOURCE}
enforced allowed, matched policy all
"""


def test_a_rule_is_said_of_the_connection_it_let_in_and_of_none_later(tmp_path: Path) -> None:
    (tmp_path / "echo-v1-0.envoy.log").write_text(LET_IN)
    logs = ProxyLogs(tmp_path)
    assert logs.rule("echo-v1-0", SOURCE) == "all"
    assert logs.rule("echo-v1-0", SOURCE) == ""


def test_a_connection_that_nobody_has_asked_for_is_forgotten(tmp_path: Path) -> None:
    log = tmp_path / "echo-v1-0.envoy.log"
    logs = ProxyLogs(tmp_path)
    assert logs.rule("echo-v1-0", SOURCE) == ""
    log.write_text(LET_IN)
    logs.forget()
    assert logs.rule("echo-v1-0", SOURCE) == ""
