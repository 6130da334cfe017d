"""`make demo`: starts the shop's mesh, places an order over REST, shows the order, its trace and the mesh, and stops.

Says every command before it runs it, so that each can be repeated by hand. Uses a state folder of its own and a free
port, so it disturbs no mesh that runs.
"""

import json
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from pathlib import Path

MESH = Path(sys.executable).parent / "mesh"
STATE = Path(".loopmesh/demo")
ORDER = {
    "account": "accounts/ada",
    "lines": [
        {"product": "products/oak-tumbler", "quantity": 2},
        {"product": "products/linen-desk-lamp", "quantity": 1},
    ],
    "address": {
        "recipient": "Ada Lovelace",
        "street": "12 St James's Square",
        "postalCode": "SW1Y 4JH",
        "city": "London",
        "countryCode": "GB",
    },
}


def say(text: str) -> None:
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}", flush=True)


def mesh(*arguments: str) -> None:
    """Runs a command of mesh and shows what it prints. Raises CalledProcessError."""
    say(f"$ mesh {' '.join(arguments)}")
    subprocess.run([str(MESH), *arguments, "--state", str(STATE)], check=True)


def edge() -> str:
    status = subprocess.run(
        [str(MESH), "status", "--json", "--state", str(STATE)], check=True, stdout=subprocess.PIPE, text=True
    )
    return str(json.loads(status.stdout)["edge"]["http"])


def place_order(base: str) -> None:
    """Raises URLError when the order was not taken."""
    body = json.dumps({**ORDER, "requestId": str(uuid.uuid4())})
    say(f"$ curl -X POST {base}/v1/orders -d '{body}'")
    request = urllib.request.Request(f"{base}/v1/orders", body.encode(), {"content-type": "application/json"})  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - loopback
        print(json.dumps(json.load(answer), indent=2))


def main() -> int:
    shutil.rmtree(STATE, ignore_errors=True)
    try:
        mesh("up", "--detach", "--edge-port", "0")
        place_order(edge())
        mesh("trace", "last")
        mesh("status")
        # The wallet has no business in the inventory: the policies in istio/ do not allow it.
        denied = ["call", "--from", "wallet", "inventory:50051", "Reserve", "-d", "{}"]
        say(f"$ mesh {' '.join(denied)}")
        subprocess.run([str(MESH), *denied, "--state", str(STATE)], check=False)
    except subprocess.CalledProcessError as error:
        return error.returncode
    except urllib.error.URLError as error:
        print(f"the order was not taken: {error}", file=sys.stderr)
        return 1
    finally:
        mesh("down")
    say("Next: `make up`, then `.venv/bin/mesh --help` and the README.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
