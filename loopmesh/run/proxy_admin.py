"""What the supervisor asks a proxy's admin interface (Envoy docs: operations/admin). Never: changes configuration."""

from pathlib import Path
from urllib.parse import quote

from loopmesh.run.unix_http import ask

_TIMEOUT_S = 1.0
_TO_THE_PROGRAM = r"^cluster\.inbound\|.*\.upstream_rq_active$"
_FROM_ANYWHERE = r"^http\..*\.downstream_rq_active$"
_ADMIN_ITSELF = "http.admin."
"""Counts the very request that asks."""


async def has_configuration(admin: Path) -> bool:
    """True when the proxy has its first configuration and its listeners are open (`/ready` answers LIVE)."""
    try:
        return (await ask(admin, "/ready", timeout_s=_TIMEOUT_S)).status == 200
    except (OSError, TimeoutError):
        return False


async def drain(admin: Path, *, inbound_only: bool) -> None:
    """Tells callers to open no new requests on their connections; nothing is cut. A dead proxy needs no draining."""
    scope = "&inboundonly" if inbound_only else ""
    try:
        await ask(admin, f"/drain_listeners?graceful{scope}", method="POST", timeout_s=_TIMEOUT_S)
    except (OSError, TimeoutError):
        return


async def is_quiet(admin: Path, *, inbound_only: bool) -> bool:
    """True when no request is under way in the proxy; also when the proxy is gone.

    `inbound_only` counts what it hands to its own program (clusters named `inbound|…`), not the program's calls.
    """
    pattern = _TO_THE_PROGRAM if inbound_only else _FROM_ANYWHERE
    try:
        answer = await ask(admin, f"/stats?usedonly&filter={quote(pattern)}", timeout_s=_TIMEOUT_S)
    except (OSError, TimeoutError):
        return True
    counts = [line.rpartition(": ") for line in answer.body.splitlines() if not line.startswith(_ADMIN_ITSELF)]
    return all(count == "0" for name, _, count in counts if name)
