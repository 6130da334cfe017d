"""An explanation for people, on one screen."""

from collections.abc import Iterator

from loopmesh.cli.explain.advise import advise
from loopmesh.cli.explain.ending import ending_words
from loopmesh.cli.explain.patched import patcher
from loopmesh.cli.explain.places import Places, named
from loopmesh.cli.explain.row import Row
from loopmesh.cli.explain.rows import rows
from loopmesh.cli.explain.surroundings import ALONE, Surroundings
from loopmesh.simulate import Call, Verdict
from loopmesh.simulate.outcome import Outcome

LABEL_WIDTH = 17
WORDS = {
    Verdict.REACHES: "reaches",
    Verdict.DENIED: "denied at",
    Verdict.UNAUTHENTICATED: "not authenticated at",
    Verdict.ASKED: "an authorizer decides at",
    Verdict.REFUSED: "refused by",
    Verdict.UNFORESEEN: "not foreseen at",
    Verdict.UNKNOWN: "not known at",
}


def explanation_lines(call: Call, places: Places, around: Surroundings = ALONE) -> Iterator[str]:
    request = call.outbound.request
    yield f"{call.caller}: {f'{request.method} {request.path or request.server_name}'.strip()} to {request.authority}"
    for row in rows(call, around):
        yield _line(row, places)
    yield f"=> {', '.join(_verdict(call, outcome, places, around) for outcome in call.outcomes)}"
    for advice in advise(call, places, around):
        yield f"   why: {advice.why}"
        yield f"   to change it: {advice.remedy}"


def _line(row: Row, places: Places) -> str:
    indent = "  " * (row.level + 1)
    sources = "".join(f"  [{named(rule, places)}]" for rule in (row.rule, row.also) if rule)
    return f"{indent}{row.label:<{LABEL_WIDTH - 2 * row.level}}{row.text}{sources}"


def _verdict(call: Call, outcome: Outcome, places: Places, around: Surroundings) -> str:
    verdict, where = outcome.verdict, outcome.workload or call.caller
    words = WORDS.get(verdict, f"{verdict} at" if outcome.workload else str(verdict))
    parts = [f"{words} {where}" if outcome.workload or verdict in WORDS else words]
    if status := ending_words(call, outcome):
        parts.append(f"with {status}")
    if len(call.outcomes) > 1:
        parts.append(f"{outcome.percent:.4g}%")
    if verdict is Verdict.UNFORESEEN:
        rules = around.patches.ending(call, outcome)
        who = patcher(rules, where, lambda rule: named(rule, places))
        parts[-1] += f": {who} {'decide' if len(rules) > 1 else 'decides'}"
    return " ".join(parts)
