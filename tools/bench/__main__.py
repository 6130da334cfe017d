"""`make bench`: what the mesh costs, on this machine, now."""

import argparse
import os
from collections.abc import Callable

from tools.bench.compiling import measure_compiling
from tools.bench.fleet import measure_fleets
from tools.bench.istio_pair import measure_pair
from tools.bench.policy_tests import measure_policy_tests
from tools.bench.shop import measure_shop

SECTIONS: dict[str, Callable[[argparse.Namespace], None]] = {
    "shop": lambda given: measure_shop(given.rounds, given.calls, given.pushes),
    "tests": lambda given: measure_policy_tests(given.rounds, given.pushes),
    "compile": lambda given: measure_compiling(given.rounds),
    "fleet": lambda given: measure_fleets(given.pushes),
    "istio": lambda given: measure_pair(given.rounds, given.calls),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("sections", nargs="*", help=f"of {', '.join(SECTIONS)}; all if none is named")
    parser.add_argument("--rounds", type=int, default=5, help="starts and compilations to measure")
    parser.add_argument("--calls", type=int, default=2000, help="calls to measure")
    parser.add_argument("--pushes", type=int, default=20, help="policy changes to measure")
    given = parser.parse_args()
    if unknown := set(given.sections) - set(SECTIONS):
        parser.error(f"there is no section {', '.join(unknown)}")
    load, *_ = os.getloadavg()
    print(f"median (lowest to highest, number of measurements) on {os.cpu_count()} cores")
    if load > (os.cpu_count() or 1) / 2:
        print(f"others use this machine (load {load:.1f}): times are longer than they need be")
    for name, measure in SECTIONS.items():
        if name in (given.sections or SECTIONS):
            print(f"\n{name}", flush=True)
            measure(given)


if __name__ == "__main__":
    main()
