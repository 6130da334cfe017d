"""The shop on Kubernetes: `kit FOLDER`, `kind`, `kind-down` and `deploy`, for the Makefile."""

import argparse
import sys
from pathlib import Path

from tools.images.engine import ImageError
from tools.kube import mesh_policies
from tools.kube.cluster import KubeError
from tools.kube.on_context import deploy_to_context
from tools.kube.on_kind import deploy_to_kind, end_kind
from tools.kube.on_kit import deploy_to_kit

TO_PYTEST = "Further arguments go to pytest."
TO_ENGINE = "Further arguments go to the container engine that builds, as --platform linux/amd64 does."


def main() -> int:
    parser = _parser()
    arguments, rest = parser.parse_known_args()
    if rest and not arguments.takes_more:
        parser.error(f"unknown: {' '.join(rest)}")
    try:
        arguments.run(arguments, rest)
    except (KubeError, ImageError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.kube", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    kit = commands.add_parser("kit", help="install and test on the cluster of a kit", epilog=TO_PYTEST)
    kit.add_argument("folder", type=Path, help="the kit's folder")
    kit.set_defaults(takes_more=True, run=lambda arguments, pytest: deploy_to_kit(arguments.folder, pytest))
    kind = commands.add_parser("kind", help="install and test on kind", epilog=TO_PYTEST)
    kind.set_defaults(takes_more=True, run=lambda _, pytest: deploy_to_kind(pytest))
    down = commands.add_parser("kind-down", help="end that cluster")
    down.set_defaults(takes_more=False, run=lambda *_: end_kind())
    cluster = commands.add_parser("deploy", help="install on any cluster with Istio", epilog=TO_ENGINE)
    cluster.add_argument("--context", required=True, help="the cluster's name in your kubeconfig")
    cluster.add_argument("--images", required=True, help="where images are sent to and taken from")
    cluster.add_argument("--values", action="append", default=[], help="a values file for this cluster")
    cluster.add_argument("--install-istio", action="store_true", help="by its charts, where there is none")
    cluster.add_argument(
        "--mesh-policies",
        choices=(mesh_policies.SHOP, mesh_policies.CLUSTER),
        help="whose policies for the whole mesh count, where that is to be said",
    )
    cluster.set_defaults(takes_more=True, run=deploy_to_context)
    return parser


if __name__ == "__main__":
    sys.exit(main())
