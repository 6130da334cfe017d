"""What only a proxy's own log says: by which rule of an ALLOW policy a stream of bytes was let in."""

import re
from pathlib import Path

from tests.parity.appended import Appended

CHECKING = re.compile(r"checking (?:connection: .*?sourceIP: ([0-9.:]+)|request)")
HOLDING = re.compile(r"enforced (?:allowed|denied), matched policy (?!none$)(.+)")


class ProxyLogs:
    """Of a running mesh whose proxies log their authorization (`rbac:debug`)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._logs: dict[str, Appended] = {}
        self._rules: dict[tuple[str, str], str] = {}
        self._source: dict[str, str] = {}

    def rule(self, instance: str, source: str) -> str:
        """The name of the rule that held for a connection from `source`, `127.0.0.1:40312`; empty where none has. Said
        once: another connection may have the same port later."""
        self._read(instance)
        return self._rules.pop((instance, source), "")

    def forget(self) -> None:
        """What was said of connections that nobody has asked for."""
        for instance in self._logs:
            self._read(instance)
        self._rules.clear()

    def _read(self, instance: str) -> None:
        if instance not in self._logs:
            self._logs[instance] = Appended(self._folder / f"{instance}.envoy.log")
        for line in self._logs[instance].lines():
            self._note(instance, line)

    def _note(self, instance: str, line: str) -> None:
        if (checking := CHECKING.search(line)) is not None:
            self._source[instance] = checking.group(1) or ""
        elif (holding := HOLDING.search(line)) is not None and self._source.get(instance):
            self._rules[instance, self._source[instance]] = holding.group(1)
