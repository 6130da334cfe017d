"""The mesh as one test sees it: policies of its own, calls as any workload, scripted backends."""

from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from pathlib import Path

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.calling import Method
from loopmesh.cli.policy_files import policy_files
from loopmesh.model.application import Service
from loopmesh.testing.answers import GrpcAnswer, HttpAnswer
from loopmesh.testing.backend import Backend
from loopmesh.testing.grpc_client import Request
from loopmesh.testing.http_client import send_request
from loopmesh.testing.instructions import Scope
from loopmesh.testing.session import MeshSession

ANY_METHOD = "/loopmesh.scripted.v1.Backend/Call"
DEADLINE_S = 10.0


class Mesh:
    """All that a test changes is undone by `MeshSession.restore`, which the fixture calls after it."""

    def __init__(self, session: MeshSession) -> None:
        self._session = session

    def apply(self, *policies: str | Path) -> None:
        """Adds or replaces policies for this test; text is YAML, a path is a file or folder of it.

        Returns when every proxy has taken them. Raises PolicyError, and then nothing has changed.
        """
        __tracebackhide__ = True
        files = policy_files([policy for policy in policies if isinstance(policy, Path)])
        for number, policy in enumerate(policies, start=1):
            if isinstance(policy, str):
                files.append(admin_pb2.PolicyFile(path=f"argument {number} of apply", content=policy.encode()))
        self._session.renew_connections()
        self._session.apply(files)

    def delete(self, kind: str, name: str, namespace: str | None = None) -> None:
        """Removes a policy for this test; without a namespace it is of the application's. Raises PolicyError."""
        __tracebackhide__ = True
        self._session.renew_connections()
        found = namespace or self._session.application.namespace
        self._session.delete([admin_pb2.PolicyName(kind=kind, namespace=found, name=name)])

    def call(
        self,
        caller: str,
        target: str,
        method: str = ANY_METHOD,
        request: Request = None,
        *,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = DEADLINE_S,
    ) -> GrpcAnswer:
        """A unary gRPC call that `caller` makes to `target`, `service:port`, through its own proxy.

        `caller` is a service, `service/version`, an instance or a gateway. Every status is an answer; nothing is
        raised for it. A method of a real program is found by reflection (`GetOrder`, or `package.Service/GetOrder`) and
        takes a mapping, too; a scripted backend takes any. A `target` with a dot may be a host of policies, where the
        method is named in full. Raises LookupError for unknown names.
        """
        __tracebackhide__ = True
        workload = self._session.workload(caller)
        return self._session.grpc.call(
            workload.outbound_socket,
            authority=target,
            method=self._method(target, method, workload.namespace),
            request=request,
            headers=headers or {},
            timeout_s=timeout_s,
        )

    def _method(self, target: str, method: str, namespace: str) -> Method | str:
        __tracebackhide__ = True
        try:
            named = self._session.callee(target.lower(), namespace)
        except LookupError:
            if "." not in target or "/" not in method:
                raise
            return _path(method)
        is_scripted = named.name.rpartition("-")[0] in self._session.versions
        return _path(method) if is_scripted else self._session.grpc.method(named.application_target, method)

    def http(
        self,
        caller: str,
        target: str,
        path: str = "/",
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | str | None = None,
        timeout_s: float = DEADLINE_S,
    ) -> HttpAnswer:
        """An HTTP request that `caller` makes to `target`, `service:port`, through its own proxy.

        Every status is an answer. Raises LookupError for unknown names, OSError when there is no answer in time.
        """
        return send_request(
            self._session.workload(caller).outbound_socket,
            authority=target,
            method=method,
            path=path,
            headers=headers or {},
            body=body,
            timeout_s=timeout_s,
        )

    def start_call(
        self,
        caller: str,
        target: str,
        method: str = ANY_METHOD,
        request: Request = None,
        *,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = DEADLINE_S,
    ) -> "Future[GrpcAnswer]":
        """`call` in the background; `result()` waits for its answer."""
        return self._session.background.submit(
            self.call, caller, target, method, request, headers=headers, timeout_s=timeout_s
        )

    def start_http(
        self,
        caller: str,
        target: str,
        path: str = "/",
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | str | None = None,
        timeout_s: float = DEADLINE_S,
    ) -> "Future[HttpAnswer]":
        """`http` in the background; `result()` waits for its answer."""
        return self._session.background.submit(
            self.http, caller, target, path, method=method, headers=headers, body=body, timeout_s=timeout_s
        )

    def backend(self, name: str) -> Backend:
        """The scripted backend of a service, `service/version`, or instance. Raises LookupError if it is none."""
        __tracebackhide__ = True
        service_name, slash, version_name = name.partition("/")
        versions = self._session.versions
        stems = {
            stem
            for stem, (service, version) in versions.items()
            if service_name in (service.name, f"{service.name}.{service.namespace}", service.key)
            and (version_name == version or not slash)
        }
        stem = name.rpartition("-")[0]
        is_instance = not stems and stem in versions and self._session.is_instance(name)
        if not stems and not is_instance:
            raise LookupError(f"{name} is no scripted backend; there are {_named(versions.values())}")
        scope = Scope(stems=frozenset(stems or {stem}), instance=name if is_instance else "")
        return Backend(self._session.author, scope, {stem: version for stem, (_, version) in versions.items()})

    @property
    def edge(self) -> Mapping[str, str]:
        """Base URLs of the edge by the names of its servers."""
        return self._session.edge


def _named(versions: Iterable[tuple[Service, str]]) -> str:
    """Services, each with its versions: `ledger/v1`."""
    return ", ".join(sorted(f"{service.key}/{version}" for service, version in versions)) or "none"


def _path(method: str) -> str:
    return method if method.startswith("/") else f"/{method}"
