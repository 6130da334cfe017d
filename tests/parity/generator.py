"""Istio's generator for tests that run nothing: asked from ordinary functions."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from loopmesh.cli.istio_configuration import start_generator
from loopmesh.cli.verification import verify_with
from loopmesh.model.application import Application
from loopmesh.oracle import Generator
from loopmesh.policies import PolicySet


class Verifier:
    """Made by `open_verifier`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, generator: Generator) -> None:
        self._loop = loop
        self._generator = generator

    def undeclared(self, application: Application, files: Iterable[tuple[str, str]]) -> list[str]:
        """What differs in a way loopmesh does not declare; every text once. Raises InvalidInputError."""
        given = [(name, text.encode()) for name, text in files if text]
        policy_set = PolicySet.parse(given, application.namespace)
        found = self._loop.run_until_complete(verify_with(self._generator, application, policy_set))
        return list(dict.fromkeys(one.text for one in found if not one.reason))


@contextmanager
def open_verifier() -> Iterator[Verifier]:
    loop = asyncio.new_event_loop()
    generator = loop.run_until_complete(start_generator(print))
    try:
        yield Verifier(loop, generator)
    finally:
        loop.run_until_complete(generator.close())
        loop.close()
