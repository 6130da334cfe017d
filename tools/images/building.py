"""The images of what the charts run, named by the project's version, and what is in them."""

import json
import shutil
import subprocess
import tomllib
from pathlib import Path

from tools.images.engine import ROOT, Engine
from tools.images.materials import (
    EMPTY,
    INTERPRETER,
    RELEASE,
    STATUS,
    Bill,
    interpreter,
    of_image,
    packages,
    with_components,
)

FOLDER = ROOT / "helm" / "images"
SERVICES = "services"
IMAGES = (SERVICES, "postgresql")


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
    if shutil.which("git") is None:
        return "unknown"
    answer = subprocess.run(("git", "rev-parse", "HEAD"), cwd=ROOT, capture_output=True, text=True, check=False)
    return answer.stdout.strip() or "unknown"


def write_bills_of_materials(engine: Engine) -> list[Path]:
    """What is in each image, in CycloneDX: its Debian packages, and what the services install from the lock file.

    Raises ImageError.
    """
    folder = ROOT / "dist"
    folder.mkdir(exist_ok=True)
    written = []
    for name in IMAGES:
        tag = local_tag(name)
        bill = _services_bill(engine, tag) if name == SERVICES else EMPTY
        release, status = (engine.ask_inside(tag, "cat", path) for path in (RELEASE, STATUS))
        target = folder / f"{name}.cdx.json"
        whole = of_image(tag, engine.identity(tag), with_components(bill, packages(release, status)))
        target.write_text(json.dumps(whole, indent=2))
        written.append(target.relative_to(ROOT))
    return written


def _services_bill(engine: Engine, tag: str) -> Bill:
    uv = shutil.which("uv") or str(ROOT / ".tools" / "uv" / "bin" / "uv")
    words = ("export", "--frozen", "--only-group", "shop", "--no-emit-project", "--format", "cyclonedx1.5")
    answer = subprocess.run((uv, *words, "--quiet"), cwd=ROOT, capture_output=True, text=True, check=True)
    return with_components(json.loads(answer.stdout), interpreter(engine.ask_inside(tag, *INTERPRETER)))
