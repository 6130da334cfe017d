"""A page of docs/policies as the tests see it: its tables and its examples."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

FOLDER = Path(__file__).parents[2] / "docs" / "policies"
BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`]+)`")
ALIKE = re.compile(r"as `([^`]+)`, with all its fields$")
MESH_CONFIG = "mesh-config"


def kind_of(page: str) -> str:
    """`virtual-service` is the page of VirtualService."""
    return "".join(word.capitalize() for word in page.split("-"))


def page_of(kind: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", kind).lower()


@dataclass(frozen=True)
class Page:
    name: str
    text: str

    @classmethod
    def read(cls, name: str) -> "Page":
        return cls(name, (FOLDER / f"{name}.md").read_text())

    @property
    def supported(self) -> list[str]:
        """The paths of the table of fields."""
        return [path for path, _ in self._rows("Field")]

    @property
    def effects(self) -> list[tuple[str, str]]:
        """Each supported field and the last cell of its row: Istio's default, or that it does nothing here."""
        return list(self._rows("Field", cell=-1))

    @property
    def alike(self) -> dict[str, str]:
        """Fields said to be `as` another one, `with all its fields`, by that one."""
        rows = ((path, ALIKE.match(said)) for path, said in self._rows("Field"))
        return {path: found.group(1) for path, found in rows if found}

    def first_form(self, path: str) -> str:
        """The path by which the tables have a field of a part that may stand in several places."""
        for part, first in self.alike.items():
            if path.startswith(f"{part}."):
                return self.first_form(first + path[len(part) :])
        return path

    @property
    def refused(self) -> list[tuple[str, str]]:
        """Paths, or `path: VALUE`, with the reasons."""
        return list(self._rows("Refused"))

    @property
    def examples(self) -> list[str]:
        """Each a file of policies; on the page of the mesh config, a mesh config."""
        return [text for text in BLOCK.findall(self.text) if _is_mesh_config(text) is (self.name == MESH_CONFIG)]

    @property
    def mesh_config(self) -> str:
        """What holds for all examples of a kind's page."""
        found = [text for text in BLOCK.findall(self.text) if _is_mesh_config(text)]
        return found[0] if found and self.name != MESH_CONFIG else ""

    def _rows(self, header: str, cell: int = 1) -> Iterator[tuple[str, str]]:
        """First cell and another one, the second unless said, of every table with this header."""
        within = False
        for line in self.text.splitlines():
            cells = [cell.strip() for cell in line.replace(r"\|", "¦").strip("|").split("|")]
            if not line.startswith("|"):
                within = False
            elif cells[0] == header:
                within = True
            elif within and not cells[0].startswith("-"):
                for code in CODE.findall(cells[0]):
                    yield code, cells[cell]


def _is_mesh_config(text: str) -> bool:
    return not any(isinstance(one, dict) and "apiVersion" in one for one in yaml.safe_load_all(text))


def pages() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.md") if path.stem != "README")
