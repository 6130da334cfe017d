"""The script as the program sees it: what to answer to each call."""

import asyncio
import itertools

from loopmesh.scripted.wire import LINE_BYTES, Answer, Headers, Hello, Question, read_answer, write


class Script:
    """Asks the author about every call; without an author, every answer is the default one."""

    def __init__(self, instance: str) -> None:
        self._instance = instance
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Answer]] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None

    async def connect(self, path: str) -> None:
        reader, self._writer = await asyncio.open_unix_connection(path, limit=LINE_BYTES)
        self._writer.write(write(Hello(instance=self._instance)))
        self._reading = asyncio.create_task(self._read(reader))

    async def answer(self, *, protocol: str, method: str, path: str, headers: Headers, body: bytes) -> Answer:
        if self._writer is None:
            return Answer()
        number = next(self._numbers)
        question = Question(number=number, protocol=protocol, method=method, path=path, headers=headers, body=body)
        self._waiting[number] = asyncio.get_running_loop().create_future()
        self._writer.write(write(question))
        try:
            return await self._waiting[number]
        finally:
            del self._waiting[number]

    async def _read(self, reader: asyncio.StreamReader) -> None:
        """Until the author has gone; then nobody says any more what is to be answered."""
        while line := await reader.readline():
            answer = read_answer(line)
            waiting = self._waiting.get(answer.number)
            if waiting is not None and not waiting.done():
                waiting.set_result(answer)
        self._writer = None
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_result(Answer())
