"""`make rollout SERVICE=catalog TO=v2` and `make rollback SERVICE=catalog TO=v2`.

The first gives the version its next share of the calls, 10, 25, 50, then 100 percent, by a commit that changes nothing
but the weights in istio/; a version that has no subset yet gets that first, in a commit of its own. The second takes
all its steps back in one. What reads the policies from Git, as Argo CD does, does the rest.
"""

import argparse
import subprocess
import sys

from loopmesh.model.problem import InvalidInputError
from tools.rollout.steps import POLICIES, RolloutError, Step, check, next_step

STEP, BACK = "Rollout", "Rollout-back"
"""Trailers of the commits."""
NEXT = """\
Push it: what reads the policies from Git, as Argo CD does, does the rest. Where nothing does:
  helm upgrade shop helm/shop --namespace shop --reset-then-reuse-values"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.rollout", description=__doc__)
    parser.add_argument("direction", choices=("next", "back"))
    parser.add_argument("service")
    parser.add_argument("version")
    arguments = parser.parse_args()
    try:
        if not arguments.service or not arguments.version:
            raise RolloutError("say which: SERVICE=catalog TO=v2")
        _be_clean()
        go = _next if arguments.direction == "next" else _back
        go(arguments.service, arguments.version)
    except (RolloutError, InvalidInputError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _next(service: str, version: str) -> None:
    step = next_step(service, version)
    before = {file: file.read_text() for file in step.files}
    try:
        for file, text in step.files.items():
            file.write_text(text)
        check()
    except InvalidInputError:
        for file, text in before.items():
            file.write_text(text)
        raise
    _commit(_subject(step, service, version), "--", *map(str, step.files))


def _subject(step: Step, service: str, version: str) -> str:
    if step.percent is None:
        return f"Make {version} of {service} a destination, without calls yet"
    return f"Give {version} {step.percent} % of the calls of {service}\n\n{STEP}: {service} {version}"


def _back(service: str, version: str) -> None:
    steps = _steps_made(f"{service} {version}")
    if not steps:
        raise RolloutError(f"no step of {service} to {version} is to be taken back")
    try:
        for commit in steps:
            _git("revert", "--no-commit", commit)
    except RolloutError:
        _git("reset", "--hard", "--quiet")
        raise
    message = f"Take back the calls of {service} from {version}\n\n{BACK}: {service} {version}"
    _commit(message)


def _commit(message: str, *words: str) -> None:
    _git("commit", "--quiet", "--message", message, *words)
    print(_git("show", "--stat", "--format=%h %s").strip())
    print(NEXT)


def _steps_made(rollout: str) -> list[str]:
    """Newest first, down to where they were taken back before."""
    trailers = f"%(trailers:key={STEP},valueonly,separator=)%x00%(trailers:key={BACK},valueonly,separator=)"
    found = []
    for line in _git("log", f"--format=%H%x00{trailers}", "--", str(POLICIES)).splitlines():
        commit, made, taken_back = line.split("\0")
        if taken_back == rollout:
            break
        if made == rollout:
            found.append(commit)
    return found


def _be_clean() -> None:
    if _git("status", "--porcelain", "--untracked-files=no").strip():
        raise RolloutError("there are changes that are not committed: commit or stash them first")


def _git(*words: str) -> str:
    answer = subprocess.run(("git", *words), capture_output=True, text=True, check=False)
    if answer.returncode:
        raise RolloutError(f"git {words[0]} failed: {answer.stderr.strip()}")
    return answer.stdout


if __name__ == "__main__":
    sys.exit(main())
