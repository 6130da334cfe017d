"""Runs inside a pod without a sidecar: asks the edge for a product and places orders until standard input ends, prints
how it went.

The orders are ones that shipping refuses: they call every service there and back, and leave stock and money as they
were, however many there are. A connection a call, as a new customer would: a kept one would hide a gateway that is
gone.
"""

import collections
import json
import sys
import threading
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from typing import Any

edge = sys.argv[1]
ended = threading.Event()
counts: collections.Counter[str] = collections.Counter()


def ask(path: str, body: dict[str, Any] | None, outcome: Callable[[Any], str]) -> str:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{edge}{path}", data, {"content-type": "application/json"})  # noqa: S310 - the edge
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - the edge
            return outcome(answer)
    except urllib.error.HTTPError as error:
        return f"{path} {error.code} {error.read(200)!r}"
    except OSError as error:
        return f"{path} {error!r}"


def look_at_a_product() -> str:
    return ask("/v1/products/oak-tumbler", None, lambda answer: f"product {answer.headers['x-version']}")


def order_to_antarctica() -> str:
    address = {"recipient": "Ada", "street": "1 Ice Shelf", "city": "McMurdo", "countryCode": "AQ"}
    order = {
        "account": "accounts/margaret",
        "lines": [{"product": "products/oak-tumbler", "quantity": 1}],
        "address": address,
        "requestId": str(uuid.uuid4()),
    }
    return ask("/v1/orders", order, lambda answer: f"order {json.load(answer)['order'].get('cancelReason')}")


def load(call: Callable[[], str], pause_s: float) -> None:
    while not ended.is_set():
        counts[call()] += 1
        ended.wait(pause_s)


threads = [
    threading.Thread(target=load, args=(look_at_a_product, 0.05)),
    threading.Thread(target=load, args=(order_to_antarctica, 0.1)),
]
for thread in threads:
    thread.start()
sys.stdin.read()
ended.set()
for thread in threads:
    thread.join()
sys.stdout.write(json.dumps(counts))
