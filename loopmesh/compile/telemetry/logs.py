"""Which log lines a listener writes, of settings and policies (Istio `Telemetries.AccessLogging`, `mergeLogs`)."""

from collections.abc import Iterator, Sequence

from envoy.config.accesslog.v3.accesslog_pb2 import AccessLog

from loopmesh.compile.access_log import mesh_log, own_log, provider_log
from loopmesh.model.mesh_settings import MeshSettings
from loopmesh.model.provider import LogFile
from loopmesh.model.telemetry import LoggingRule, Side, Telemetry


def chosen_logs(settings: MeshSettings, telemetries: Sequence[Telemetry], side: Side) -> Iterator[AccessLog]:
    """Where policies and default providers come to no provider at all, the mesh's own file counts."""
    levels = [telemetry.logging for telemetry in telemetries if telemetry.logging]
    if not levels and not settings.default_logging and not settings.log_file:
        yield own_log()
        return
    chosen = _conditions(levels, settings.default_logging, side)
    files = {name: one for name in chosen if isinstance(one := settings.provider(name), LogFile)}
    for name, file in sorted(files.items(), key=lambda item: item[1].name):
        condition = chosen[name]
        if condition is not None:
            yield provider_log(settings, file, condition)
    if not files and settings.log_file:
        yield mesh_log(settings)


def _conditions(
    levels: Sequence[Sequence[LoggingRule]], defaults: tuple[str, ...], side: Side
) -> dict[str, str | None]:
    """The condition of each provider, None for one that is switched off. Each level overrides those before it."""
    if not levels:
        return dict.fromkeys(defaults, "")
    in_scope, conditions = _in_scope(levels, defaults, side)
    chosen: dict[str, str | None] = {}
    wider = defaults
    for rule in (rule for level in levels for rule in level):
        wider = rule.providers or wider
        if side in rule.sides:
            for provider in wider:
                if provider in in_scope:
                    chosen[provider] = None if rule.disabled else conditions.get(provider, "")
    return chosen


def _in_scope(
    levels: Sequence[Sequence[LoggingRule]], defaults: tuple[str, ...], side: Side
) -> tuple[set[str], dict[str, str]]:
    """The providers of the narrowest level that names any, and the last condition said for each provider."""
    in_scope = set(defaults)
    conditions: dict[str, str] = {}
    for level in levels:
        rules = [rule for rule in level if side in rule.sides]
        conditions |= {provider: rule.condition for rule in rules for provider in rule.providers}
        in_scope = {provider for rule in rules for provider in rule.providers} or in_scope
    return in_scope, conditions
