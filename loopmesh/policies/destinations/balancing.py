"""loadBalancer: which instance a call goes to."""

from collections import Counter
from enum import StrEnum

from loopmesh.model.destinations.balancing import Balancing, ConsistentHash, Cookie, Spread, Warmup
from loopmesh.model.policy import Source
from loopmesh.policies.destinations.limit import read_limit
from loopmesh.policies.fields import Fields

ONE_MACHINE = "all instances are on one machine, so none is nearer than another"
UNSUPPORTED = {"localityLbSetting": ONE_MACHINE, "zoneAwareLbSetting": ONE_MACHINE}
KEYS = ("httpHeaderName", "httpCookie", "useSourceIp", "httpQueryParameterName")
DEFAULT_RING_SIZE = 1024
"""Istio writes it where the hash is said without an algorithm."""
MOST_RING_SIZE = 8 * 1024 * 1024
MOST_TABLE_SIZE = 5_000_011
"""Envoy's bounds."""
LEAST_AGGRESSION = 1e-9


class _Simple(StrEnum):
    UNSPECIFIED = "UNSPECIFIED"
    LEAST_CONN = "LEAST_CONN"
    RANDOM = "RANDOM"
    PASSTHROUGH = "PASSTHROUGH"
    ROUND_ROBIN = "ROUND_ROBIN"
    LEAST_REQUEST = "LEAST_REQUEST"


SPREADS = {
    _Simple.LEAST_CONN: Spread.LEAST_REQUEST,
    _Simple.LEAST_REQUEST: Spread.LEAST_REQUEST,
    _Simple.RANDOM: Spread.RANDOM,
    _Simple.ROUND_ROBIN: Spread.ROUND_ROBIN,
}
"""LEAST_CONN is the old name of LEAST_REQUEST."""


def read_balancing(source: Source, fields: Fields) -> Balancing:
    fields.unsupported(UNSUPPORTED)
    simple = fields.choice("simple", _Simple)
    goes_on = simple is _Simple.PASSTHROUGH
    consistent_hash = fields.object("consistentHash", _consistent_hash)
    if fields.has("simple") and fields.has("consistentHash"):
        fields.refuse("consistentHash", "`simple` is there, too", "keep one of the two")
    warmup = fields.object("warmup", _warmup)
    duration_ms = fields.duration_ms("warmupDurationSecs")
    if warmup is None and duration_ms is not None:
        warmup = Warmup(duration_ms=duration_ms)
    elif duration_ms is not None:
        fields.refuse("warmupDurationSecs", "`warmup` is there, too, and Istio heeds only that", "remove one of them")
    spread = SPREADS.get(simple) if simple else None
    if warmup and (spread is Spread.RANDOM or goes_on or consistent_hash):
        key = "warmup" if fields.has("warmup") else "warmupDurationSecs"
        rule = "Istio warms up with ROUND_ROBIN and LEAST_REQUEST only"
        fields.refuse(key, rule, "remove it, or choose one of these")
    place = source.at(fields.origin, fields.path)
    return Balancing(spread=spread, goes_on=goes_on, consistent_hash=consistent_hash, warmup=warmup, source=place)


def _warmup(fields: Fields) -> Warmup:
    duration_ms = fields.duration_ms("duration")
    if not fields.has("duration"):
        fields.refuse(None, "`duration` is required", "add how long it lasts")
    minimum = fields.number("minimumPercent", least=0, most=100)
    aggression = fields.number("aggression", least=LEAST_AGGRESSION, most=1e9)
    return Warmup(
        duration_ms=duration_ms or 0,
        minimum_percent=10.0 if minimum is None else minimum,
        aggression=1.0 if aggression is None else aggression,
    )


def _consistent_hash(fields: Fields) -> ConsistentHash:
    given = [key for key in KEYS if fields.has(key)]
    if len(given) != 1:
        fields.refuse(None, f"exactly one of {', '.join(KEYS)}", "keep one of them")
    ring_size, table_size = _algorithm(fields)
    return ConsistentHash(
        header=fields.text("httpHeaderName", required="httpHeaderName" in given) or "",
        query_parameter=fields.text("httpQueryParameterName", required="httpQueryParameterName" in given) or "",
        cookie=fields.object("httpCookie", _cookie),
        source_address=bool(fields.boolean("useSourceIp")),
        minimum_ring_size=ring_size,
        maglev_table_size=table_size,
    )


def _algorithm(fields: Fields) -> tuple[int | None, int | None]:
    """The size of the ring, and of Maglev's table."""
    old_size = read_limit(fields, "minimumRingSize", most=MOST_RING_SIZE)
    given = [key for key in ("ringHash", "maglev", "minimumRingSize") if fields.has(key)]
    if len(given) > 1:
        fields.refuse(given[1], f"`{given[0]}` is there, too", "keep one of them")
    table_size = fields.object("maglev", _maglev)
    if table_size is not None:
        return None, table_size
    new_size = fields.object("ringHash", lambda inside: read_limit(inside, "minimumRingSize", most=MOST_RING_SIZE))
    return (new_size if fields.has("ringHash") else old_size or DEFAULT_RING_SIZE), None


def _maglev(fields: Fields) -> int | None:
    size = fields.integer("tableSize", least=1, most=MOST_TABLE_SIZE - 1)
    if not fields.has("tableSize"):
        fields.refuse(None, "`tableSize` is required", "add a prime number, such as 65537")
    if size is not None and not _is_prime(size):
        fields.refuse("tableSize", "this is a prime number", "write one, such as 65537")
    return size


def _is_prime(number: int) -> bool:
    """As Envoy counts, for which 1 is one, too."""
    return all(number % factor for factor in range(2, int(number**0.5) + 1))


def _cookie(fields: Fields) -> Cookie:
    attributes = fields.objects("attributes", _attribute)
    for name, times in Counter(name for name, _ in attributes).items():
        if times > 1:
            fields.refuse("attributes", f"`{name}` is there twice", "keep one of them")
    return Cookie(
        name=fields.text("name", required=True) or "",
        path=fields.text("path") or "",
        lifetime_ms=fields.duration_ms("ttl", may_be_zero=True),
        attributes=attributes,
    )


def _attribute(fields: Fields) -> tuple[str, str]:
    return fields.text("name", required=True) or "", fields.text("value") or ""
