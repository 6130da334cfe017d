"""An explanation for people, on one screen."""

from collections.abc import Iterator

from loopmesh.cli.explain.advise import advise
from loopmesh.cli.explain.ending import ending_words
from loopmesh.cli.explain.places import Places, named
from loopmesh.cli.explain.rows import Row, rows
from loopmesh.cli.explain.surroundings import ALONE, Surroundings
from loopmesh.simulate import Call, Verdict

LABEL_WIDTH = 17
WORDS = {
    Verdict.REACHES: "reaches",
    Verdict.DENIED: "denied at",
    Verdict.UNAUTHENTICATED: "not authenticated at",
    Verdict.ASKED: "an authorizer decides at",
    Verdict.REFUSED: "refused by",
    Verdict.UNKNOWN: "not known at",
}


def explanation_lines(call: Call, places: Places, around: Surroundings = ALONE) -> Iterator[str]:
    request = call.outbound.request
    yield f"{call.caller}: {f'{request.method} {request.path or request.server_name}'.strip()} to {request.authority}"
    for row in rows(call, around.live):
        yield _line(row, places)
    yield f"=> {_verdict(call)}"
    for advice in advise(call, places, around):
        yield f"   why: {advice.why}"
        yield f"   to change it: {advice.remedy}"


def _line(row: Row, places: Places) -> str:
    indent = "  " * (row.level + 1)
    sources = "".join(f"  [{named(rule, places)}]" for rule in (row.rule, row.also) if rule)
    return f"{indent}{row.label:<{LABEL_WIDTH - 2 * row.level}}{row.text}{sources}"


def _verdict(call: Call) -> str:
    parts = []
    for outcome in call.outcomes:
        where = outcome.workload or (call.caller if outcome.verdict in WORDS else "")
        words = f"{WORDS.get(outcome.verdict, str(outcome.verdict))} {where}".rstrip()
        status = ending_words(call, outcome)
        words += f" with {status}" if status else ""
        parts.append(words if len(call.outcomes) == 1 else f"{words} {outcome.percent:.4g}%")
    return ", ".join(parts)
