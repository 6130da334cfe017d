"""What a call's headers ask of the laboratory's programs, and where they write down what arrived.

Headers: `x-lab-id` names a call; `x-lab-fail: 503*2` fails its first two attempts (a status of HTTP, a name of gRPC, or
`reset` to end the connection), `x-lab-delay-ms: 300` answers later, both only where `x-lab-at` is a prefix of the
instance's name. Every arrival is a line of JSON in `$LAB/arrivals`.
"""

import asyncio
import json
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

FOLDER = Path(os.environ["LAB"])
INSTANCE = os.environ["HOSTNAME"]
FOREVER = 1_000_000

attempts: Counter[str] = Counter()


def tell_addresses() -> None:
    """The TCP ports a program may dial, for whoever calls in its name."""
    dialled = {name: value for name, value in os.environ.items() if name.startswith("MESH_TCP_")}
    (FOLDER / f"{INSTANCE}.json").write_text(json.dumps(dialled))


def tell_port(word: str, port: str) -> None:
    """Where the program listens, for those who call it past its sidecar as if it were outside; cases say `word`."""
    (FOLDER / f"{word}.port").write_text(port)


def arrive(headers: Mapping[str, str], **seen: object) -> dict[str, object]:
    """Writes the arrival down; returns it, `attempt` counts those of the same call at this instance from 1."""
    call = headers.get("x-lab-id", "")
    attempts[call] += 1
    arrival = {"call": call, "instance": INSTANCE, "attempt": attempts[call], "headers": dict(headers), **seen}
    with (FOLDER / "arrivals").open("a") as arrivals:
        arrivals.write(json.dumps(arrival) + "\n")
    return arrival


async def failure(headers: Mapping[str, str], attempt: int) -> str:
    """How this attempt fails, empty if it does not; waits first if it is to be late."""
    if not INSTANCE.startswith(headers.get("x-lab-at", "")):
        return ""
    await asyncio.sleep(int(headers.get("x-lab-delay-ms", "0")) / 1000)
    kind, _, times = headers.get("x-lab-fail", "").partition("*")
    return kind if attempt <= int(times or FOREVER) else ""
