"""Bills of materials in CycloneDX: what an image's own database of Debian packages names, beside what is known."""

import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

Bill = dict[str, Any]
Component = dict[str, Any]
EMPTY: Bill = {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": [], "dependencies": []}
RELEASE, STATUS = "/etc/os-release", "/var/lib/dpkg/status"
INTERPRETER = ("python", "-c", "import sys; print(sys.base_prefix, sys.version.split()[0])")
"""Asks an image which Python it has."""
DEBIANS_OWN = "/usr"
FIELD = re.compile(r"^([A-Za-z-]+): (.*)$", re.MULTILINE)
INSTALLED = "install ok installed"


def of_image(image: str, identity: str, bill: Bill) -> Bill:
    """The bill of a whole image, by its name and tag and the SHA-256 it has: it has all that is in `bill`."""
    name, _, tag = image.rpartition(":")
    hashes = [{"alg": "SHA-256", "content": identity}]
    whole = {"type": "container", "bom-ref": image, "name": name, "version": tag, "hashes": hashes}
    needs = {"ref": image, "dependsOn": [one["bom-ref"] for one in bill["components"]]}
    metadata = {**bill.get("metadata", {}), "component": whole}
    return {**bill, "metadata": metadata, "dependencies": [*bill["dependencies"], needs]}


def with_components(bill: Bill, more: Iterable[Component]) -> Bill:
    added = list(more)
    dependencies = [*bill["dependencies"], *({"ref": one["bom-ref"]} for one in added)]
    return {**bill, "components": [*bill["components"], *added], "dependencies": dependencies}


def packages(release: str, status: str) -> Iterator[Component]:
    """What dpkg says is installed, by the text of the files RELEASE (os-release(5)) and STATUS (dpkg-query(1))."""
    said = dict(line.replace('"', "").split("=", 1) for line in release.splitlines() if "=" in line)
    for paragraph in sorted(filter(None, status.split("\n\n"))):
        fields = dict(FIELD.findall(paragraph))
        if fields["Status"] == INSTALLED:
            where = f"arch={fields['Architecture']}&distro={said['ID']}-{said['VERSION_ID']}"
            yield _component(f"deb/{said['ID']}", fields["Package"], fields["Version"], f"?{where}")


def interpreter(answer: str) -> Iterator[Component]:
    """By the answer to INTERPRETER: a Python that the base image has built itself is no package of Debian's."""
    prefix, version = answer.split()
    if prefix != DEBIANS_OWN:
        yield _component("generic", "python", version)


def _component(kind: str, name: str, version: str, where: str = "") -> Component:
    """Named by its package URL (the purl specification)."""
    url = f"pkg:{kind}/{quote(name, safe='')}@{quote(version, safe=':')}{where}"
    return {"type": "library", "bom-ref": url, "name": name, "version": version, "purl": url}
