"""A scripted backend as a test sees it: tell it what to answer, see what arrived."""

from collections import Counter
from collections.abc import Mapping

import grpc
from google.protobuf.message import Message

from loopmesh.testing.instructions import FOREVER, Arrival, Instruction, Scope
from loopmesh.testing.script_author import ScriptAuthor

PATIENCE_S = 10.0
Body = bytes | str | Message


class Backend:
    """The instances of a service, of one of its versions, or a single one, whose program is `loopmesh.scripted`.

    What is said last holds first; once it is used up, what was said before it holds again. Without a word every call
    is answered: gRPC status OK, or HTTP status 200, with an empty body.
    """

    def __init__(self, author: ScriptAuthor, scope: Scope, versions: Mapping[str, str]) -> None:
        """`versions` gives the version of each instance by the stem of its name, `reviews-v1`."""
        self._author = author
        self._scope = scope
        self._versions = versions

    def answers(
        self,
        body: Body = b"",
        *,
        headers: Mapping[str, str] | None = None,
        status: int = 200,
        after_s: float = 0.0,
        path: str | None = None,
        times: int | None = None,
    ) -> None:
        """Answers calls of `path`, or all, with this body; messages are serialised. `status` counts for HTTP."""
        self._author.say(
            Instruction(
                scope=self._scope,
                body=_bytes(body),
                headers=headers or {},
                status=status,
                after_s=after_s,
                path=path,
                times=times,
            )
        )

    def fails(
        self,
        code: grpc.StatusCode = grpc.StatusCode.UNAVAILABLE,
        *,
        status: int = 503,
        details: str = "as the script says",
        times: int | None = None,
        for_s: float | None = None,
        after_s: float = 0.0,
        path: str | None = None,
    ) -> None:
        """Fails gRPC calls with `code` and HTTP calls with `status`: all, the next `times` of all instances together,
        or those of the next `for_s` seconds, which `move_time` moves."""
        until_s = None if for_s is None else self._author.now_s() + for_s
        self._author.say(
            Instruction(
                scope=self._scope,
                code=code,
                status=status,
                details=details,
                body=details.encode(),
                times=times,
                until_s=until_s,
                after_s=after_s,
                path=path,
            )
        )

    def delays(self, seconds: float, *, times: int | None = None) -> None:
        """Answers after this time, which `move_time` moves."""
        self._author.say(Instruction(scope=self._scope, after_s=seconds, times=times))

    def hangs(self, *, times: int | None = None) -> None:
        """Does not answer; `recovers` lets the calls that hang be answered."""
        self._author.say(Instruction(scope=self._scope, after_s=FOREVER, times=times))

    def recovers(self) -> None:
        """Takes back all that this backend was told; calls it keeps waiting are answered."""
        self._author.take_back(lambda instruction: self._scope.covers(instruction.scope))

    def move_time(self, seconds: float) -> None:
        """Moves the time of all scripted backends ahead: delays end, and failures that last for a time."""
        self._author.move_time(seconds)

    @property
    def calls(self) -> list[Arrival]:
        """What arrived since the test began, retries included, in order."""
        return [arrival for arrival in self._author.arrivals() if self._scope.includes(arrival.instance)]

    @property
    def calls_by_instance(self) -> Counter[str]:
        return Counter(arrival.instance for arrival in self.calls)

    @property
    def calls_by_version(self) -> Counter[str]:
        return Counter(self._versions[arrival.instance.rpartition("-")[0]] for arrival in self.calls)

    def wait_for_calls(self, count: int, timeout_s: float = PATIENCE_S) -> None:
        """Until so many calls have arrived. Raises TimeoutError with the number there were."""
        if not self._author.wait(lambda: len(self.calls) >= count, timeout_s):
            raise TimeoutError(f"{len(self.calls)} of {count} calls arrived within {timeout_s:g} s")

    def forget_calls(self) -> None:
        """Counts from zero, for all backends."""
        self._author.forget_arrivals()


def _bytes(body: Body) -> bytes:
    if isinstance(body, Message):
        return body.SerializeToString()
    return body.encode() if isinstance(body, str) else body
