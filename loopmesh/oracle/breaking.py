"""Which policies Istio's own code breaks on, found by leaving others out."""

from collections.abc import Sequence
from dataclasses import replace

from loopmesh.oracle.errors import BrokenError, RefusedError
from loopmesh.oracle.generator import Generator
from loopmesh.oracle.question import Question


async def breaking_policies(generator: Generator, question: Question) -> list[int]:
    """The fewest that it still breaks on, counted in the question's order; none where it breaks without any. Halves of
    what is left are left out first, so that of many policies few questions are asked (Zeller's delta debugging)."""
    kept = list(range(len(question.policies)))
    size = len(kept)
    while kept and size:
        start = 0
        while start < len(kept):
            rest = [*kept[:start], *kept[start + size :]]
            if await _breaks(generator, question, rest):
                kept = rest
            else:
                start += size
        size //= 2
    return kept


async def _breaks(generator: Generator, question: Question, kept: Sequence[int]) -> bool:
    try:
        await generator.ask(replace(question, policies=[question.policies[number] for number in kept]))
    except BrokenError:
        return True
    except RefusedError:
        pass
    return False
