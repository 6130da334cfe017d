"""What a filter has decided, as a row."""

from loopmesh.cli.explain.cluster_words import cluster_words
from loopmesh.cli.explain.row import Row
from loopmesh.simulate.check import Check


def check_row(check: Check, level: int) -> Row:
    rule = check.decided_by.rule if check.decided_by else None
    if check.action == "JWT":
        return Row(label="token", text=_token(check), rule=rule, level=level)
    if check.action == "CORS":
        return Row(label="preflight", text=f"answered: {check.reason}", level=level)
    if check.action in ("HEADERS", "PATH"):
        return Row(label=check.action.lower(), text=f"refused: {check.reason}", level=level)
    if check.action == "TRANSLATION":
        return Row(label="translation", text=f"refused with HTTP {check.status}: {check.reason}", level=level)
    if check.action == "LOG":
        return Row(label="authorization", text="audited, which stops nothing", rule=rule, level=level)
    if check.action == "DRY_RUN":
        return Row(label="dry run", text=f"would be {check.words}", rule=rule, level=level)
    if check.action == "CUSTOM":
        return Row(
            label="authorizer", text=f"{cluster_words(check.reason)} is asked and decides", rule=rule, level=level
        )
    text = "allowed" if check.passed else "denied"
    if check.decided_by is None:
        text += ": no rule denies it" if check.passed else ": no rule allows it"
    return Row(label="authorization", text=text, rule=rule, level=level)


def _token(check: Check) -> str:
    if not check.passed:
        return f"refused with HTTP {check.status}: {check.words or 'there is none'} ({check.reason})"
    return f"taken: {check.words}" if check.words else "none, and none is asked for"
