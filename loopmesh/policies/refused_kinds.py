"""Kinds that stand beside Istio's policies and are refused by name, each with the reason."""

INSTALLED = "it belongs to an installation and says nothing about calls"
FROM_VALUES = "what runs is said in the values file"
NO_GATEWAY_API = "loopmesh reads Istio's own API, not Kubernetes' Gateway API"
STOCK_ENVOY = "stock Envoy lacks what Istio's own build runs it with"

REFUSED_KINDS = {
    "WorkloadEntry": FROM_VALUES,
    "WorkloadGroup": FROM_VALUES,
    "ProxyConfig": "every proxy starts from loopmesh's own bootstrap",
    "WasmPlugin": STOCK_ENVOY,
    "TrafficExtension": STOCK_ENVOY,
    "IstioOperator": "nothing is installed; write its `meshConfig` to a file called meshconfig.yaml",
    "MeshNetworks": "there is one network only",
    **dict.fromkeys(
        (
            "BackendTLSPolicy",
            "GRPCRoute",
            "GatewayClass",
            "HTTPRoute",
            "InferencePool",
            "ListenerSet",
            "ReferenceGrant",
            "TCPRoute",
            "TLSRoute",
            "UDPRoute",
            "XBackendTrafficPolicy",
            "XListenerSet",
        ),
        NO_GATEWAY_API,
    ),
    **dict.fromkeys(
        (
            "CronJob",
            "DaemonSet",
            "Deployment",
            "HorizontalPodAutoscaler",
            "Job",
            "Namespace",
            "Pod",
            "PodDisruptionBudget",
            "ReplicaSet",
            "Service",
            "ServiceAccount",
            "StatefulSet",
        ),
        FROM_VALUES,
    ),
    "ConfigMap": "a mesh config is read from a file called meshconfig.yaml",
    "Secret": "certificates are read from `secrets` in the folder of the mesh's state",
    "Ingress": "the edge is opened by a Gateway",
    "NetworkPolicy": "who may call whom is said by an AuthorizationPolicy",
    "Kustomization": "policies are read as they are; give what `kustomize build` prints",
    "CustomResourceDefinition": INSTALLED,
}
GATEWAY_API = ("gateway.networking.k8s.io/", "gateway.networking.x-k8s.io/")
ISTIO = ".istio.io"
"""How the groups of Istio's own API end."""
