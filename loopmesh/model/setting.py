"""Settings whose policy is not, or not only, the one behind the piece of configuration they are in."""

from enum import StrEnum


class Setting(StrEnum):
    """By the names under which configuration says where they come from."""

    TIMEOUT = "timeout"
    RETRIES = "retries"
    BALANCING = "balancing"
    LIMITS = "limits"
    EJECTION = "ejection"
    ADDED_HOST = "added_host"
    UNKNOWN_HOSTS = "unknown_hosts"
