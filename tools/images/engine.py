"""The container engine that is here."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUILD = {
    # The image is unpacked when it runs: BuildKit does not unpack what has rewritten times. Docker's older store of
    # images, the one that is not containerd's, heeds neither, and keeps the times of the build.
    "docker": (
        *("buildx", "build", "--output", "type=docker,rewrite-timestamp=true,unpack=false"),
        *("--build-arg", "SOURCE_DATE_EPOCH=0"),
    ),
    "podman": ("build", "--timestamp", "0"),
    "buildah": ("build", "--layers", "--timestamp", "0"),
}
"""How each builds so that the same sources give the same layers; the first that is installed and answers is used."""
QUESTIONS = {
    "docker": {
        "info": "Docker's daemon does not answer: start it (`systemctl start docker`), or say DOCKER_HOST",
        "buildx version": "Docker has no buildx: install it (Debian 13, Ubuntu: `apt-get install docker-buildx`)",
    },
    "podman": {"info": "podman does not work here: `podman info` must"},
    "buildah": {"--version": "buildah does not work here: `buildah --version` must"},
}
"""What each must be able to answer, and the remedy where it is not: Docker's command is nothing without its daemon."""


class ImageError(Exception):
    """An image was not built or sent; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Engine:
    name: str

    def build(self, tag: str, file: Path, context: Path, *flags: str) -> None:
        """Raises ImageError."""
        print(f"building {tag} with {self.name}", flush=True)
        self._run(*BUILD[self.name], *flags, "--file", str(file), "--tag", tag, str(context))

    def publish(self, tag: str, target: str) -> None:
        """Sends the image to a registry under another name. Raises ImageError."""
        print(f"sending {target} with {self.name}", flush=True)
        self._run("tag", tag, target)
        self._run("push", target)

    def identity(self, tag: str) -> str:
        """Which image has this name now: the hexadecimal SHA-256 that engines call its ID. Raises ImageError."""
        return self._ask("images", "--quiet", "--no-trunc", tag).strip().removeprefix("sha256:")

    def ask_inside(self, tag: str, *command: str) -> str:
        """What a program of an image prints. Raises ImageError."""
        if self.name != "buildah":
            program, *words = command
            return self._ask("run", "--rm", "--network", "none", "--entrypoint", program, tag, *words)
        container = self._ask("from", "--pull-never", tag).strip()
        try:
            return self._ask("run", container, "--", *command)
        finally:
            self._ask("rm", container)

    def _ask(self, *words: str) -> str:
        answer = subprocess.run((self.name, *words), capture_output=True, text=True, check=False)
        if answer.returncode:
            raise ImageError(f"`{self.name} {' '.join(words)}` failed: {answer.stderr.strip()}")
        return answer.stdout

    def _run(self, *words: str) -> None:
        if subprocess.run((self.name, *words), cwd=ROOT, check=False).returncode:
            raise ImageError(f"`{self.name} {words[0]} … {words[-1]}` failed; what it said stands above")


def find_engine() -> Engine:
    """Raises ImageError."""
    complaints = []
    for name in BUILD:
        if shutil.which(name) is None:
            continue
        if not (complaint := ask_engine(name)):
            return Engine(name)
        complaints.append(complaint)
    none = f"no container engine works here: install one of {', '.join(BUILD)}, and start it"
    raise ImageError("\n".join((*complaints, none)))


def ask_engine(name: str) -> str | None:
    """Of one that is installed: why it does not work, in a line; none where it does."""
    for question, remedy in QUESTIONS[name].items():
        answer = subprocess.run((name, *question.split()), capture_output=True, text=True, check=False)
        if answer.returncode:
            said = answer.stderr.strip().splitlines()
            return f"{remedy} ({name} says: {said[-1]})" if said else remedy
    return None
