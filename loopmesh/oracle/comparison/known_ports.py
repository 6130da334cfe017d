"""Authorization rules about ports, decided where the port is known.

loopmesh decides when it compiles, Istio's rules ask every request.
"""

from typing import Any

ANY = {"any": True}
NONE = {"not_rule": ANY}


def decide_ports(rule: Any, port: int) -> Any:
    """The rule as it holds at `port`; what does not depend on ports is kept."""
    if isinstance(rule, list):
        return [decide_ports(one, port) for one in rule]
    if not isinstance(rule, dict):
        return rule
    if "destination_port" in rule:
        return ANY if rule["destination_port"] == port else NONE
    decided = {key: decide_ports(value, port) for key, value in rule.items()}
    if "or_rules" in decided:
        return _any_of(decided["or_rules"]["rules"])
    if decided == {"not_rule": NONE}:
        return ANY
    return decided


def _any_of(rules: list[Any]) -> Any:
    if ANY in rules:
        return ANY
    possible = [one for one in rules if one != NONE]
    if not possible:
        return NONE
    return possible[0] if len(possible) == 1 else {"or_rules": {"rules": possible}}
