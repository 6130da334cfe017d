"""Kinds that stand beside Istio's policies and are refused by name, each with the reason."""

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
        ),
        NO_GATEWAY_API,
    ),
    **dict.fromkeys(
        (
            "ConfigMap",
            "DaemonSet",
            "Deployment",
            "HorizontalPodAutoscaler",
            "Job",
            "Namespace",
            "Pod",
            "Service",
            "ServiceAccount",
            "StatefulSet",
        ),
        FROM_VALUES,
    ),
    "Ingress": "the edge is opened by a Gateway",
}
GATEWAY_API = "gateway.networking.k8s.io/"
