"""The policies among Istio's own samples, read from the Go module the generator is built from."""

from pathlib import Path

import yaml

from tests.parity.istio_policies import identity, module_folder, policies_of

# Routes to subsets say nothing without the rules that define them, routes of a gateway nothing without it.
COMPANIONS = {
    "bookinfo/networking": ("destination-rule-all.yaml", "bookinfo-gateway.yaml"),
    "tcp-echo": ("tcp-echo-all-v1.yaml",),
}


def sample_files() -> list[str]:
    """Paths below `samples/` of every file that holds a policy; none without Go."""
    folder = _folder()
    found = sorted(folder.rglob("*.yaml")) if folder else []
    return [str(path.relative_to(folder)) for path in found if folder and policies_of(path.read_text())]


def _folder() -> Path | None:
    module = module_folder("istio.io/istio")
    return module / "samples" if module else None


def sample_policies(name: str) -> list[tuple[str, str]]:
    """The file's policies, and before them those of its companions it does not replace."""
    folder = _folder()
    assert folder is not None
    own = policies_of((folder / name).read_text())
    known = {identity(one) for one in own}
    path = Path(name)
    files = []
    for companion in COMPANIONS.get(str(path.parent), ()):
        said = policies_of((folder / path.parent / companion).read_text())
        others = [one for one in said if identity(one) not in known]
        known |= {identity(one) for one in others}
        files.append((companion, yaml.safe_dump_all(others)))
    return [*files, (name, yaml.safe_dump_all(own))]
