"""Decides what scripted programs answer, and writes down every call that reaches them.

Runs in a thread of its own beside the tests. All programs of a mesh ask here, so "fails twice" means twice, however
many instances there are. Time, as far as answers wait for it, is the author's and can be moved.
"""

import asyncio
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from loopmesh.scripted.wire import LINE_BYTES, Question, read_hello, read_question, write
from loopmesh.testing.instructions import Arrival, Instruction, Scope
from loopmesh.testing.moved_time import MovedTime

Result = TypeVar("Result")
START_S = 5
ALL_IS_WELL = Instruction(scope=Scope(stems=frozenset()))


class ScriptAuthor:
    """Methods may be called from any thread; those that wait block their caller only."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="loopmesh-script-")
        self.socket = str(Path(self._folder.name) / "script.sock")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="loopmesh-script", daemon=True)
        self._arrived = threading.Condition()
        self._arrivals: list[Arrival] = []
        self._instructions: list[Instruction] = []
        self._time = MovedTime()
        self._answering: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(START_S)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._folder.cleanup()

    def say(self, instruction: Instruction) -> None:
        """Holds from now on, before what was said earlier."""
        with self._arrived:
            self._instructions.append(instruction)

    def take_back(self, concerns: Callable[[Instruction], bool]) -> None:
        """Forgets instructions; calls that wait because of them are answered now."""
        with self._arrived:
            self._instructions = [one for one in self._instructions if not concerns(one)]
        self._loop.call_soon_threadsafe(self._time.wake)

    def now_s(self) -> float:
        return self._time.now_s()

    def move_time(self, seconds: float) -> None:
        self._loop.call_soon_threadsafe(self._time.move, seconds)

    def arrivals(self) -> list[Arrival]:
        with self._arrived:
            return list(self._arrivals)

    def reset(self) -> None:
        """No instructions, no arrivals; calls that wait are answered."""
        self.take_back(lambda _: True)
        self.forget_arrivals()

    def forget_arrivals(self) -> None:
        with self._arrived:
            self._arrivals.clear()

    def wait(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Until it holds; asked whenever a call arrives. `condition` may use `arrivals`."""
        with self._arrived:
            return self._arrived.wait_for(condition, timeout_s)

    async def _listen(self) -> None:
        await asyncio.start_unix_server(self._program, self.socket, limit=LINE_BYTES)

    async def _program(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        instance = read_hello(await reader.readline()).instance
        while line := await reader.readline():
            task = asyncio.create_task(self._answer(instance, read_question(line), writer))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)
        writer.close()

    async def _answer(self, instance: str, question: Question, writer: asyncio.StreamWriter) -> None:
        arrival = Arrival.of(instance, question)
        instruction = self._take(arrival)
        await self._time.pass_by(instruction.after_s, lambda: instruction in self._instructions)
        writer.write(write(instruction.answer(question.number)))

    def _take(self, arrival: Arrival) -> Instruction:
        """The newest instruction for the instance that is not used up."""
        with self._arrived:
            self._arrivals.append(arrival)
            self._arrived.notify_all()
            for instruction in reversed(self._instructions):
                if instruction.holds_for(arrival, self.now_s()):
                    instruction.used += 1
                    return instruction
            return ALL_IS_WELL
