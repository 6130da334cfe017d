"""Stands on PATH as docker, kind, helm, kubectl or git: notes what it is asked and answers as a test says.

$RECORDED has a line of JSON a call; $ANSWERS lists {"to": how the words begin, "says", "complains", "status"}, the
first that fits counts. What nothing fits to ends well and says nothing.
"""

import json
import os
import sys
from pathlib import Path

words = [Path(sys.argv[0]).name, *sys.argv[1:]]
stdin = sys.stdin.read() if "--values=-" in words or words[-2:] == ["-f", "-"] else ""
with Path(os.environ["RECORDED"]).open("a") as file:
    provider = os.environ.get("KIND_EXPERIMENTAL_PROVIDER", "")
    file.write(json.dumps({"words": words, "stdin": stdin, "provider": provider}) + "\n")
for answer in json.loads(Path(os.environ["ANSWERS"]).read_text()):
    if " ".join(words).startswith(answer["to"]):
        sys.stdout.write(answer["says"])
        sys.stderr.write(answer["complains"])
        sys.exit(answer.get("status", 0))
