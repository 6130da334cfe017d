"""Runs inside a pod without a sidecar: asks for products over REST until standard input ends, prints how it went.

A connection a call, as a new customer would: a kept one would hide a gateway that is gone.
"""

import collections
import json
import sys
import threading
import urllib.error
import urllib.request

url = sys.argv[1]
ended = threading.Event()
counts: collections.Counter[str] = collections.Counter()


def ask() -> str:
    try:
        with urllib.request.urlopen(url, timeout=15) as answer:  # noqa: S310 - the edge
            return f"200 {answer.headers['x-version']}"
    except urllib.error.HTTPError as error:
        return f"{error.code} {error.read(200)!r}"
    except OSError as error:
        return repr(error)


def load() -> None:
    while not ended.is_set():
        counts[ask()] += 1
        ended.wait(0.05)


threads = [threading.Thread(target=load) for _ in range(2)]
for thread in threads:
    thread.start()
sys.stdin.read()
ended.set()
for thread in threads:
    thread.join()
sys.stdout.write(json.dumps(counts))
