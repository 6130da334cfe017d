"""The images of what the charts run, named by the project's version, and what is in them."""

import shutil
import subprocess
import tomllib
from pathlib import Path

from tools.images.engine import ROOT, Engine

FOLDER = ROOT / "helm" / "images"
IMAGES = ("services", "postgresql")


def local_tag(image: str) -> str:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    return f"localhost/loopmesh/{image}:{version}"


def build_images(engine: Engine, *flags: str) -> None:
    """Flags go to the engine as they are. Raises ImageError."""
    for name in IMAGES:
        tag = local_tag(name)
        arguments = (f"VERSION={tag.rpartition(':')[2]}", f"REVISION={revision()}")
        labels = [word for argument in arguments for word in ("--build-arg", argument)]
        engine.build(tag, FOLDER / f"{name}.Containerfile", ROOT, *labels, *flags)


def revision() -> str:
    answer = subprocess.run(("git", "rev-parse", "HEAD"), cwd=ROOT, capture_output=True, text=True, check=False)
    return answer.stdout.strip() or "unknown"


def write_bill_of_materials() -> Path:
    """What the services' image installs, from the lock file, in CycloneDX."""
    target = ROOT / "dist" / "services.cdx.json"
    target.parent.mkdir(exist_ok=True)
    uv = shutil.which("uv") or str(ROOT / ".tools" / "uv" / "bin" / "uv")
    words = ("export", "--frozen", "--only-group", "shop", "--no-emit-project", "--format", "cyclonedx1.5")
    answer = subprocess.run((uv, *words, "--quiet"), cwd=ROOT, capture_output=True, text=True, check=True)
    target.write_text(answer.stdout)
    return target.relative_to(ROOT)
