"""The shop as its customers see it: JSON over REST at the edge."""

import json
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass
from typing import Any

LONDON = {
    "recipient": "Ada Lovelace",
    "street": "12 St James's Square",
    "postalCode": "SW1Y 4JH",
    "city": "London",
    "countryCode": "GB",
}


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: Any


def ask(url: str, body: object = None, verb: str | None = None, **headers: str) -> Answer:
    """GET, or POST with a body: bytes as they are, all else as JSON. Errors are answers like others."""
    data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    sent = {"content-type": "application/json", **headers}
    request = urllib.request.Request(url, data, sent, method=verb)  # noqa: S310 - loopback
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - loopback
            return _answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        return _answer(error.code, error.headers, error.read())


def _answer(status: int, headers: Any, content: bytes) -> Answer:
    is_json = headers.get_content_type() == "application/json" and content
    return Answer(
        status,
        {name.lower(): value for name, value in headers.items()},
        json.loads(content) if is_json else content.decode(),
    )


def order_request(account: str, product: str, quantity: int, country: str = "GB") -> dict[str, Any]:
    return {
        "account": account,
        "lines": [{"product": product, "quantity": quantity}],
        "address": {**LONDON, "countryCode": country},
        "requestId": str(uuid.uuid4()),
    }


def balance(edge: str, account: str) -> int:
    return int(ask(f"{edge}/v1/{account}").body["account"]["balance"]["minorUnits"])


def stock(edge: str, product: str) -> tuple[int, int]:
    """Available and reserved units."""
    found = ask(f"{edge}/v1/{product.replace('products/', 'stock/')}").body["stock"]
    return found["available"], found["reserved"]
