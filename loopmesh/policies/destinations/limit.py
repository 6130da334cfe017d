"""Numbers of which Istio cannot tell 0 from absent."""

from loopmesh.policies.fields import Fields

MOST = 2**31 - 1


def read_limit(fields: Fields, key: str, *, most: int = MOST) -> int | None:
    """Both 0 and absent leave Istio's default (`applyConnectionPool`)."""
    return fields.integer(key, least=0, most=most) or None
