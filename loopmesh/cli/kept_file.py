"""The file that a command keeps its policies in. What it holds beside them stays; nothing is written before `write`."""

import errno
import os
import shutil
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.errors import CommandError, ProblemsError
from loopmesh.model.policy import PolicyName
from loopmesh.model.problem import InvalidInputError, Origin, Problem
from loopmesh.policies import PolicySet, keep_only, read_files, rewrite, with_namespace


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFile:
    """`text` is all it will hold, `content` what a mesh is to be told of it, at the same lines; `changed` are the
    policies that are written or removed, and `elsewhere` says which of them another file of the user's holds, too."""

    path: Path
    text: str
    content: str
    changed: tuple[PolicyName, ...]
    elsewhere: tuple[str, ...] = ()

    @property
    def policies(self) -> admin_pb2.PolicyFile:
        return admin_pb2.PolicyFile(path=str(self.path), content=self.content.encode())

    def write(self) -> None:
        """A file without a policy goes. Raises CommandError."""
        try:
            if self.text.strip():
                _replace(self.path, self.text)
            else:
                self.path.unlink(missing_ok=True)
        except OSError as error:
            reason = f"the change is in force, but {self.path} cannot be written: {error.strerror}"
            raise CommandError(f"{reason}; run the command again with another file for -o") from error


def _replace(path: Path, text: str) -> None:
    """At once, where that can be: it may be the only copy of what a user wrote."""
    target = path.resolve()
    if target.exists() and not (target.is_file() and _may_write(target.parent)):
        target.write_text(text)
        return
    draft = target.with_name(f".{target.name}.draft")
    try:
        draft.write_text(text)
        if target.exists():
            shutil.copymode(target, draft)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _may_write(path: Path) -> bool:
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def make_folder(folder: Path) -> None:
    """For files a command keeps without being asked. Raises CommandError."""
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise CommandError(f"cannot make {folder}: {error.strerror}; name a file with -o") from error


def plan_file(
    path: Path, yaml: str, removed: Collection[PolicyName], namespace: str, others: Iterable[Path] = ()
) -> KeptFile:
    """The file with these policies and without those removed; `others` may hold them, too.

    Raises CommandError, and ProblemsError for a file whose policies cannot be changed where they stand, or that would
    hold what stands in another one.
    """
    planned = _parse(Path("policies"), yaml, namespace)
    text = _text(path)
    before = _parse(path, text, namespace)
    missing = [name for name in planned.names if name not in before.documents]
    elsewhere = list(standing(missing, others, namespace))
    if before.names and elsewhere:
        raise ProblemsError(InvalidInputError(_twice(name, origin, path) for name, origin in elsewhere))
    contents = [with_namespace(document) for document in planned.documents.values()]
    after = rewrite(text, contents, namespace, removed)
    found = PolicySet.parse([(str(path), after.encode())], namespace)
    if found.problems or _said(found) != _said(before.without(removed).merged(planned)):
        rule = "its policies cannot be changed where they stand: they share values, or are items of a list"
        origin = Origin(file=str(path), line=0)
        raise ProblemsError(InvalidInputError([_problem(origin, "", rule, "name another file with -o")]))
    return KeptFile(
        path=path,
        text=after,
        content=keep_only(after, planned.names, namespace),
        changed=(*planned.names, *removed),
        elsewhere=tuple(f"{name} is at {origin}, too" for name, origin in elsewhere),
    )


def plan_taking_out(names: Collection[PolicyName], files: Iterable[Path], namespace: str) -> list[KeptFile]:
    """Those of the files that hold one of the policies, without them. Raises as `plan_file` does."""
    holding = [file for file in files if any(standing(names, [file], namespace))]
    return [plan_file(file, "", names, namespace) for file in holding]


def check_applied(path: Path, yaml: str, in_force: str, namespace: str) -> None:
    """That the file, where it holds policies that are about to change, says what is in force: what was edited and not
    applied would be lost. Raises CommandError, and ProblemsError with the places."""
    current, planned = (_parse(Path("policies"), text, namespace) for text in (in_force, yaml))
    before = _parse(path, _text(path), namespace)
    concerned = before.documents.keys() & {*current.documents, *planned.documents}
    said, known = _said(before), _said(current)
    problems = [
        _problem(
            before.documents[name].origin,
            str(name),
            "it is not in force as it stands here, and what it says would be lost",
            f"apply it first, mesh apply -f {path}, or name another file with -o",
        )
        for name in concerned
        if said[name] != known.get(name)
    ]
    if problems:
        raise ProblemsError(InvalidInputError(problems))


def standing(names: Iterable[PolicyName], files: Iterable[Path], namespace: str) -> Iterator[tuple[PolicyName, Origin]]:
    """Which of the policies these files hold now, and where: the user may have moved them. Raises ProblemsError."""
    try:
        found = PolicySet.parse(read_files([file for file in files if file.is_file()]), namespace).documents
    except InvalidInputError as error:
        raise ProblemsError(error) from error
    return ((name, found[name].origin) for name in names if name in found)


def _text(path: Path) -> str:
    """Nothing for a new one."""
    if not path.parent.is_dir():
        raise CommandError(f"there is no folder {path.parent}; make it, or name another file with -o")
    if not _may_write(path if path.exists() else path.parent):
        raise CommandError(f"{path} cannot be written: {os.strerror(errno.EACCES)}; name another file with -o")
    if not path.exists():
        return ""
    try:
        ((_, content),) = read_files([path])
        return content.decode()
    except InvalidInputError as error:
        raise ProblemsError(error) from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{path} is no UTF-8 text; name another file with -o") from error


def _parse(path: Path, text: str, namespace: str) -> PolicySet:
    found = PolicySet.parse([(str(path), text.encode())], namespace)
    if found.problems:
        raise ProblemsError(InvalidInputError(found.problems))
    return found


def _said(policy_set: PolicySet) -> dict[PolicyName, object]:
    return {name: with_namespace(document) for name, document in policy_set.documents.items()}


def _twice(name: PolicyName, origin: Origin, path: Path) -> Problem:
    return _problem(origin, str(name), f"it stands here, and would stand in {path}, too", "name a new file with -o")


def _problem(origin: Origin, value: str, rule: str, remedy: str) -> Problem:
    return Problem(origin=origin, value=value, rule=rule, remedy=remedy)
