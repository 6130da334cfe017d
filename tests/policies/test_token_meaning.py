"""What request authentications come to mean in the words of the mesh."""

from loopmesh.model.policy import WorkloadSelector
from loopmesh.model.token import ClaimHeader, KeySource, TokenHeader, TokenOutput, TokenPlaces, TokenRule, key_timeouts
from tests.policies.goldens import FOLDER
from tests.policies.reading import read_fixture

FIXTURE = FOLDER / "valid" / "request_authentication.yaml"

KEYS = (
    '{"keys": [{"kty": "EC", "crv": "P-256", "x": "ntE0hAQGVqRxe4bmI_c_wChTd_zdXy7bMmqjpOcBW60",'
    ' "y": "zzbwF9IT5eRzSmrYCbYzb3dfXGoK7rdg7KI0LmvfJIQ"}]}'
)


def test_a_token_rule_keeps_every_field() -> None:
    nothing, policy = read_fixture(FIXTURE).request_authentications
    assert (nothing.rules, nothing.selector) == ((), WorkloadSelector(namespace="shop"))
    assert policy.selector.labels == {"app": "orders"}
    assert policy.rules[0] == TokenRule(
        issuer="https://issuer.example",
        audiences=("shop", "lab"),
        keys=KEYS,
        timeout_ms=2000,
        key_source=KeySource(issuer="https://issuer.example"),
        places=TokenPlaces(
            headers=(TokenHeader(name="x-token", prefix="Token "), TokenHeader(name="x-other")),
            parameters=("token",),
            cookies=("session",),
        ),
        output=TokenOutput(
            token=True, payload_header="x-payload", claims=(ClaimHeader(name="x-roles", claim="realm.roles"),)
        ),
        space_delimited=("groups",),
    )


def test_keys_are_fetched_where_none_are_written_within_istios_five_seconds() -> None:
    assert key_timeouts(read_fixture(FIXTURE).request_authentications) == {
        KeySource(issuer="https://discovered.example"): 5000,
        KeySource(issuer="", url="https://keys.example/jwks.json?x=1"): 5000,
    }
