"""A control plane on a socket of its own."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from loopmesh.control import CertificateAuthority, ControlPlane, ProxyEvent
from loopmesh.model.identity import TRUST_DOMAIN


@dataclass
class HandClock:
    """Time that moves when a test says so; seconds since the epoch."""

    now_s: float = 1_800_000_000

    def __call__(self) -> float:
        return self.now_s


@dataclass
class Lab:
    plane: ControlPlane
    socket: Path
    events: list[tuple[str, ProxyEvent]] = field(default_factory=list)


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    clock = HandClock()
    events: list[tuple[str, ProxyEvent]] = []
    plane = ControlPlane(
        tmp_path / "control.sock",
        CertificateAuthority.create(TRUST_DOMAIN, clock),
        clock,
        notify=lambda name, event: events.append((name, event)),
    )
    await plane.start()
    yield Lab(plane, tmp_path / "control.sock", events)
    await plane.stop()
