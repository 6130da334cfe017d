"""The compatibility gate: a client built against the last release must go on working.

`lint` checks the style of the contracts, `breaking` compares them with the baseline, `release` makes today's contracts
the baseline. buf judges messages, fields and methods; HTTP routes are options to it, so they are compared here.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from google.api import annotations_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from tools.proto.include import prepare_include

BUF = str(Path(sys.executable).parent / "buf")
BASELINE = Path("proto/baseline.binpb")
REMEDY = """
A released contract only grows: add a field, a method or a route and keep the old one (mark it `deprecated = true`);
for anything else add a new package, such as shop.orders.v2, beside the old one and serve both.
Not released yet? `make release-contracts` makes the contracts as they are the new baseline."""


def http_routes(image: FileDescriptorSet) -> dict[str, set[str]]:
    """`GET /v1/orders` and the like, by full method name."""
    return {
        f"{file.package}.{service.name}/{method.name}": set(_routes(method.options.Extensions[annotations_pb2.http]))
        for file in image.file
        for service in file.service
        for method in service.method
    }


def _routes(rule: object) -> Iterator[str]:
    verb = rule.WhichOneof("pattern")  # type: ignore[attr-defined]
    if verb:
        body = f" body={rule.body}" if rule.body else ""  # type: ignore[attr-defined]
        yield f"{verb.upper()} {getattr(rule, verb)}{body}"
    for additional in rule.additional_bindings:  # type: ignore[attr-defined]
        yield from _routes(additional)


def lost_routes(before: FileDescriptorSet, now: FileDescriptorSet) -> list[str]:
    """A line for each route of the baseline that the contracts no longer have."""
    current = http_routes(now)
    return [
        f"{method}: HTTP route {route!r} of the last release is gone; now: {sorted(current.get(method, ())) or 'none'}"
        for method, routes in http_routes(before).items()
        for route in sorted(routes - current.get(method, set()))
    ]


def build(target: str) -> bytes:
    """Compiles `proto/` into an image; "-" returns it instead of writing a file."""
    return subprocess.run(
        [BUF, "build", "proto", "--exclude-source-info", "-o", target], stdout=subprocess.PIPE, check=True
    ).stdout


def breaking() -> int:
    """Prints what would break a released client and what to do; returns the exit code."""
    buf = subprocess.run([BUF, "breaking", "proto", "--against", str(BASELINE)], check=False)
    before = FileDescriptorSet.FromString(BASELINE.read_bytes())
    lost = lost_routes(before, FileDescriptorSet.FromString(build("-")))
    for line in lost:
        print(line)
    if buf.returncode == 0 and not lost:
        return 0
    print(REMEDY, file=sys.stderr)
    return 1


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.proto.gate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("step", choices=("lint", "breaking", "release"))
    step = parser.parse_args().step
    prepare_include()
    if step == "lint":
        return subprocess.run([BUF, "lint", "proto"], check=False).returncode
    if step == "breaking":
        return breaking()
    build(str(BASELINE))
    print(f"{BASELINE} now holds the contracts as they are; commit it with the release.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
