"""What Telemetry policies name: providers of the mesh config. And how many of them hold at once."""

from collections.abc import Callable, Iterator, Sequence, Set

from loopmesh.model.application import Application
from loopmesh.model.mesh_settings import MeshSettings
from loopmesh.model.policies import Policies
from loopmesh.model.policy import PolicyName, Source
from loopmesh.model.problem import Origin, Problem, Severity
from loopmesh.model.provider import LogFile, Provider, SpanCollector
from loopmesh.model.telemetry import Telemetry
from loopmesh.policies.analysis import Message, policy_problem
from loopmesh.policies.selected import second_ones, selects_there, workloads

Place = Callable[[Source, str], Origin]
TRACING, LOGGING = "tracing", "accessLogging"
KINDS: dict[str, type[Provider]] = {TRACING: SpanCollector, LOGGING: LogFile}


def check_telemetries(
    policies: Policies, application: Application, place: Place, *, broken: Set[PolicyName]
) -> Iterator[Problem]:
    """A problem for each provider that is not there, and for what Istio would do nothing with."""
    settings = policies.settings
    known = [one for one in policies.telemetries if one.source.policy not in broken]
    wide = [one for one in known if not one.selector.labels]
    yield from _second_ones(known, application)
    for telemetry in known:
        in_root = bool(telemetry.selector.labels) and telemetry.selector.namespace == settings.root_namespace
        if in_root and not selects_there(telemetry.selector, application):
            rule = f"in {settings.root_namespace} Istio heeds a selector for the workloads there only"
            remedy = "remove it, or write the policy in the workload's namespace"
            yield _problem(telemetry, "selector", rule, remedy, place)
        wider = [one for one in wide if one.selector.namespace in (settings.root_namespace, _namespace(telemetry))]
        yield from _providers(telemetry, settings, place)
        yield from _without_provider(telemetry, wider, settings, place)


def _namespace(telemetry: Telemetry) -> str:
    return telemetry.selector.namespace


def _second_ones(known: Sequence[Telemetry], application: Application) -> Iterator[Problem]:
    """The oldest counts."""
    for telemetry, earlier, what in second_ones(known, workloads(application)):
        value, message = f"of {what}", Message.TELEMETRIES_OF_ONE_WORKLOAD
        rule, remedy = f"{earlier.source} holds for it already", "write both in one"
        if not telemetry.selector.labels:
            value, message = what, Message.TELEMETRIES_OF_ONE_NAMESPACE
            rule, remedy = (
                f"{earlier.source} is for the whole namespace already",
                "write both in one, or add a selector",
            )
        yield policy_problem(telemetry.source, value, rule, remedy, message=message)


def _providers(telemetry: Telemetry, settings: MeshSettings, place: Place) -> Iterator[Problem]:
    named = {
        TRACING: [name for rule in telemetry.tracing for name in rule.providers],
        LOGGING: [name for rule in telemetry.logging for name in rule.providers],
    }
    for key, names in named.items():
        known = [name for name, one in settings.providers.items() if isinstance(one, KINDS[key])]
        for name in dict.fromkeys(names):
            if not isinstance(settings.provider(name), KINDS[key]):
                rule = "the mesh config has no provider of this name for it"
                remedy = f"add it to `extensionProviders`; known: {', '.join(known) or 'none'}"
                yield _problem(telemetry, key, rule, remedy, place, f"provider {name}")


def _without_provider(
    telemetry: Telemetry, wider: Sequence[Telemetry], settings: MeshSettings, place: Place
) -> Iterator[Problem]:
    """Istio would make no span and no line; of spans its analysis says nothing."""
    around = [*wider, telemetry]
    has_tracer = settings.default_tracing or any(rule.providers for one in around for rule in one.tracing)
    has_logger = settings.default_logging or any(rule.providers for one in around for rule in one.logging)
    silent = {
        TRACING: not has_tracer and any(not rule.disabled for rule in telemetry.tracing),
        LOGGING: not has_logger and any(not rule.disabled for rule in telemetry.logging),
    }
    for key, is_silent in silent.items():
        if is_silent:
            rule = "no provider is named here, in a wider Telemetry or in the mesh config's `defaultProviders`"
            message = Message.NO_PROVIDER if key == LOGGING else None
            yield policy_problem(
                telemetry.source,
                key,
                rule,
                "add `providers: [{name: …}]`",
                message=message,
                severity=Severity.WARNING,
                origin=place(telemetry.source, key),
            )


def _problem(telemetry: Telemetry, key: str, rule: str, remedy: str, place: Place, value: str | None = None) -> Problem:
    return policy_problem(telemetry.source, value or key, rule, remedy, origin=place(telemetry.source, key))
