"""The messages of Istio's own analysis (`istioctl analyze`) that policies are checked for here, too."""

from enum import StrEnum

from loopmesh.model.policy import Source
from loopmesh.model.problem import Origin, Problem, Severity


class Message(StrEnum):
    """By their codes, as Istio documents them (pkg/config/analysis/msg/messages.yaml)."""

    DEPRECATED = "IST0002"
    NOT_FOUND = "IST0101"
    SAME_HOST_IN_MESH = "IST0109"
    SIDECARS_OF_ONE_WORKLOAD = "IST0110"
    SIDECARS_OF_ONE_NAMESPACE = "IST0111"
    PORT_REQUIRED = "IST0112"
    NO_WORKLOAD = "IST0127"
    SERVER_NOT_VERIFIED = "IST0128"
    SERVER_NOT_VERIFIED_AT_PORT = "IST0129"
    UNREACHABLE_ROUTE = "IST0130"
    INEFFECTIVE_MATCH = "IST0131"
    HOST_NOT_IN_GATEWAY = "IST0132"
    SCHEMA_WARNING = "IST0133"
    ADDRESS_REQUIRED = "IST0134"
    SAME_CERTIFICATE = "IST0138"
    SUBSET_OF_OTHERS_AT_GATEWAY = "IST0140"
    SERVERS_OF_ONE_HOST = "IST0145"
    CLAIMS_OF_NOBODY = "IST0149"
    RELATIVE_PATCH = "IST0151"
    NO_PROVIDER = "IST0157"
    TELEMETRIES_OF_ONE_WORKLOAD = "IST0159"
    TELEMETRIES_OF_ONE_NAMESPACE = "IST0160"
    SUBSET_OF_NO_WORKLOAD = "IST0173"
    UNKNOWN_HOST_OF_RULE = "IST0174"
    PROTOCOLS_OF_ONE_PORT = "IST0177"

    @property
    def severity(self) -> Severity:
        return LESS_THAN_ERRORS.get(self, Severity.ERROR)


LESS_THAN_ERRORS = {
    Message.DEPRECATED: Severity.WARNING,
    Message.NO_WORKLOAD: Severity.WARNING,
    Message.SERVER_NOT_VERIFIED: Severity.WARNING,
    Message.SERVER_NOT_VERIFIED_AT_PORT: Severity.WARNING,
    Message.UNREACHABLE_ROUTE: Severity.WARNING,
    Message.INEFFECTIVE_MATCH: Severity.INFO,
    Message.HOST_NOT_IN_GATEWAY: Severity.WARNING,
    Message.SCHEMA_WARNING: Severity.WARNING,
    Message.ADDRESS_REQUIRED: Severity.WARNING,
    Message.SAME_CERTIFICATE: Severity.WARNING,
    Message.SUBSET_OF_OTHERS_AT_GATEWAY: Severity.WARNING,
    Message.RELATIVE_PATCH: Severity.WARNING,
    Message.NO_PROVIDER: Severity.WARNING,
    Message.UNKNOWN_HOST_OF_RULE: Severity.WARNING,
    Message.PROTOCOLS_OF_ONE_PORT: Severity.WARNING,
}
"""The level Istio gives each."""


def policy_problem(
    source: Source,
    value: str,
    rule: str,
    remedy: str,
    *,
    message: Message | None = None,
    severity: Severity | None = None,
    origin: Origin | None = None,
) -> Problem:
    """What is wrong with a policy that can be read, at `origin`, else where the source is; a message of Istio's has
    its own severity where no other is given."""
    return Problem(
        origin=origin or source.origin,
        value=f"{source.policy}: {value}",
        rule=rule,
        remedy=remedy,
        severity=severity or (message.severity if message else Severity.ERROR),
        code=message or "",
    )
