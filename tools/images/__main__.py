"""`make images`: builds the images with the engine that is here, and writes what is in them to dist/.

`python -m tools.images [BUILD FLAGS…]`; flags go to the engine as they are, such as `--build-arg PYTHON=…@sha256:…`.
"""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "helm" / "images"
IMAGES = ("services", "postgresql")
ENGINES = {
    "docker": ("docker", "buildx", "build", "--output", "type=docker,rewrite-timestamp=true"),
    "podman": ("podman", "build", "--timestamp", "0"),
    "buildah": ("buildah", "build", "--layers", "--timestamp", "0"),
}
"""How each builds so that the same sources give the same layers; the first that is installed and answers is used."""


def main(flags: list[str]) -> int:
    engine = next((name for name in ENGINES if _works(name)), None)
    if engine is None:
        print(f"no container engine works here: install one of {', '.join(ENGINES)}, and start it", file=sys.stderr)
        return 1
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    for name in IMAGES:
        tag = f"localhost/loopmesh/{name}:{version}"
        print(f"building {tag} with {engine}")
        arguments = (f"VERSION={version}", f"REVISION={_revision()}")
        labels = [word for argument in arguments for word in ("--build-arg", argument)]
        build = (*ENGINES[engine], *labels, *flags, "--file", str(FOLDER / f"{name}.Containerfile"), "--tag", tag, ".")
        if subprocess.run(build, cwd=ROOT, check=False).returncode:
            print(f"{tag} was not built; what {engine} said stands above", file=sys.stderr)
            return 1
    print(f"wrote {_write_bill_of_materials()}")
    return 0


def _works(engine: str) -> bool:
    """Docker's command is of no use without its daemon."""
    if shutil.which(engine) is None:
        return False
    question = (engine, "info") if engine == "docker" else (engine, "--version")
    return subprocess.run(question, capture_output=True, check=False).returncode == 0


def _revision() -> str:
    answer = subprocess.run(("git", "rev-parse", "HEAD"), cwd=ROOT, capture_output=True, text=True, check=False)
    return answer.stdout.strip() or "unknown"


def _write_bill_of_materials() -> Path:
    """What the services' image installs, from the lock file, in CycloneDX."""
    target = ROOT / "dist" / "services.cdx.json"
    target.parent.mkdir(exist_ok=True)
    uv = shutil.which("uv") or str(ROOT / ".tools" / "uv" / "bin" / "uv")
    words = ("export", "--frozen", "--only-group", "shop", "--no-emit-project", "--format", "cyclonedx1.5")
    answer = subprocess.run((uv, *words, "--quiet"), cwd=ROOT, capture_output=True, text=True, check=True)
    target.write_text(answer.stdout)
    return target.relative_to(ROOT)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
