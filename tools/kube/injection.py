"""Whether the Istio of a cluster gives the pods of a namespace their sidecars: it may serve only those that name a
revision of it."""

import json

from tools.kube.cluster import Cluster, KubeError, ask

REVISION, TAG, INJECTION = "istio.io/rev", "istio.io/tag", "istio-injection"
BY_PODS_LABEL = "object.sidecar-injector.istio.io"
"""The webhook of the default revision for pods that ask for a sidecar themselves, as the chart's do."""


def check_injection(cluster: Cluster, namespace: str) -> None:
    """Raises KubeError."""
    words = ("get", "namespace", namespace, "--ignore-not-found", "-o", "json")
    labels: dict[str, str] = json.loads(ask(cluster, *words) or "{}").get("metadata", {}).get("labels", {})
    if labels.get(INJECTION) == "disabled":
        raise KubeError(
            f"namespace {namespace} is labelled {INJECTION}=disabled, so its pods get no sidecars: remove that"
        )
    words = ("get", "mutatingwebhookconfigurations", "-l", "app=sidecar-injector", "-o", "json")
    injectors = json.loads(ask(cluster, *words))["items"]
    named = [one["metadata"]["labels"] for one in injectors]
    revisions = sorted({one[key] for one in named for key in (REVISION, TAG) if key in one})
    if INJECTION not in labels and REVISION in labels:
        served = labels[REVISION] in revisions
    else:
        served = any(hook["name"] == BY_PODS_LABEL for one in injectors for hook in one["webhooks"])
    if not served:
        raise KubeError(
            f"Istio gives no sidecars to pods of namespace {namespace}: make it where it is not there, and give it the "
            f"label {REVISION}=… with what Istio serves: {', '.join(revisions) or 'nothing'}"
        )
