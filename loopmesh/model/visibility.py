"""In which namespaces something is seen (Istio's exportTo)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Visibility:
    """`namespaces` None is all of them; an empty set is none."""

    namespaces: frozenset[str] | None = None

    def includes(self, namespace: str) -> bool:
        return self.namespaces is None or namespace in self.namespaces


EVERYWHERE = Visibility()


def only(namespace: str) -> Visibility:
    return Visibility(namespaces=frozenset({namespace}))
