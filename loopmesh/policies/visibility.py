"""exportTo: the namespaces a policy, or a host it brings, is seen in."""

from collections import Counter

from loopmesh.model.visibility import EVERYWHERE, Visibility
from loopmesh.policies.fields import Fields
from loopmesh.policies.host_names import check_label

ALL = "*"
OWN = "."
NONE = "~"


def read_visibility(fields: Fields, namespace: str, *, may_be_none: bool = False) -> Visibility | None:
    """None where nothing is said. `.` is the policy's own namespace, `*` all; with `may_be_none`, `~` is none (Istio
    `validateExportTo`)."""
    names = fields.texts("exportTo", lambda name: _check(name, may_be_none=may_be_none))
    meant = [namespace if name == OWN else name for name in names]
    for name, times in Counter(meant).items():
        if times > 1:
            fields.refuse("exportTo", f"namespace `{name}` is there twice", "keep one of them")
    if len(meant) > 1 and {ALL, NONE} & set(meant):
        fields.refuse("exportTo", "`*` and `~` stand alone", "keep it alone, or name namespaces")
    if not names:
        return None
    return EVERYWHERE if ALL in meant else Visibility(namespaces=frozenset(meant) - {NONE})


def _check(name: str, *, may_be_none: bool) -> tuple[str, str] | None:
    if name in (ALL, OWN) or (may_be_none and name == NONE):
        return None
    return ("this is a namespace, `.` or `*`", "write one of them") if check_label(name) else None
