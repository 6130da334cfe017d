"""What is said of a call that has failed, for people."""

from loopmesh.cli.explain.advice import Advice
from loopmesh.cli.explain.cause import denied_by
from loopmesh.cli.explain.failed_call import FailedCall, failure_lines
from loopmesh.model.policy import PolicyName
from loopmesh.model.problem import Origin
from loopmesh.observe.failure import EndedBy, Failure
from loopmesh.simulate.origin import Rule

FAILURE = Failure(
    ended_by=EndedBy.SERVER_PROXY,
    caller="client-v1-0",
    server="web-v1-0",
    from_outside=False,
    scheme="http",
    authority="web:8000",
    method="GET",
    path="/",
    arrived_path="/",
    asks_grpc=False,
    deadline_ms=0,
    cluster="outbound|8000||web.lab.svc.cluster.local",
    flags="",
    status="403",
    is_grpc=False,
    message="",
    tries=1,
)
RULE = Rule(policy=PolicyName(kind="AuthorizationPolicy", namespace="lab", name="frozen"), place="spec.rules[0]")


def test_a_denial_by_a_rule_is_said_once_and_then_where_the_rule_stands_and_what_helps() -> None:
    denied = "AuthorizationPolicy lab/frozen (frozen.yaml:8) denies it"
    found = FailedCall(
        trace="0af7651916cd43dd8448eb211c80319c",
        failure=FAILURE,
        log=None,
        cause=denied_by(RULE),
        rules=(RULE,),
        advice=(Advice(why=denied, remedy="narrow that rule, or delete the policy"),),
        undecided=(),
        route_name="",
        route=None,
        places={RULE: Origin(file="frozen.yaml", line=8)},
    )
    assert list(failure_lines(found))[-3:] == [
        "=> the proxy of web-v1-0 ended it: AuthorizationPolicy lab/frozen denies it",
        "   policy: AuthorizationPolicy lab/frozen (frozen.yaml:8)",
        "   to change it: narrow that rule, or delete the policy",
    ]
