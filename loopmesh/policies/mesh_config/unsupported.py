"""What of Istio's mesh config loopmesh refuses, with the reasons, and what it takes without doing anything."""

ONE_MACHINE = (
    "ingressClass",
    "ingressControllerMode",
    "ingressSelector",
    "ingressService",
    "discoverySelectors",
    "enablePrometheusMerge",
    "disableEnvoyListenerLog",
    "proxyInboundListenPort",
    "proxyListenPort",
)
"""Keys that say how Istio lives in Kubernetes, and nothing about how calls travel."""

MESH = {
    "protocolDetectionTimeout": "a port's protocol is said by its name and never guessed",
    "inboundTrafficPolicy": "a sidecar accepts calls to declared ports only",
    "proxyHttpPort": "programs dial their sidecar's outbound socket, no HTTP proxy port is opened",
    "enableEnvoyAccessLogService": "loopmesh runs no access log service; write to a file",
    "configSources": "policies are read from the policies folder",
    "caCertificates": "the mesh's own authority is the only one it trusts",
    "certificates": "Istio has removed it",
    "ca": "the mesh's own authority signs all certificates",
    "localityLbSetting": "everything runs in one place",
    "zoneAwareLbSetting": "everything runs in one place",
    "dnsRefreshRate": "how often names are looked up is Envoy's default",
    "inboundClusterStatName": "names of statistics are Envoy's own",
    "outboundClusterStatName": "names of statistics are Envoy's own",
    "serviceSettings": "there is one cluster only",
    "serviceScopeConfigs": "there is one cluster only",
    "serviceEntryVisibility": "who sees a ServiceEntry is said by its `exportTo`",
    "verifyCertificateAtClient": "Istio has deprecated it; the DestinationRule says what is verified",
    "hboneIdleTimeout": "there is no ambient mesh here",
    "tlsDefaults": "TLS towards the outside keeps Envoy's defaults",
}

PROXY = {
    "proxyStatsMatcher": "proxies keep all their statistics",
    "proxyHeaders": "proxies set the headers of Istio's default",
    "gatewayTopology": "nothing stands in front of the edge",
    "connectionSettings": "connections keep Istio's defaults",
    "privateKeyProvider": "keys are made by the mesh's own authority",
    "caCertificatesPem": "the mesh's own authority is the only one it trusts",
    "runtimeValues": "the bootstrap of the proxies is loopmesh's own",
    "customConfigFile": "the bootstrap of the proxies is loopmesh's own",
    "proxyBootstrapTemplatePath": "the bootstrap of the proxies is loopmesh's own",
    "extraStatTags": "names of statistics are Envoy's own",
    "statsdUdpAddress": "statistics are read from the proxies' admin sockets",
    "envoyMetricsService": "statistics are read from the proxies' admin sockets",
    "envoyAccessLogService": "loopmesh runs no access log service; write to a file",
}

PROXY_ON_KUBERNETES = (
    "binaryPath",
    "concurrency",
    "configPath",
    "controlPlaneAuthPolicy",
    "discoveryAddress",
    "drainDuration",
    "fileFlushInterval",
    "holdApplicationUntilProxyStarts",
    "image",
    "interceptionMode",
    "meshId",
    "proxyAdminPort",
    "readinessProbe",
    "serviceCluster",
    "statNameLength",
    "statsCompression",
    "statusPort",
    "terminationDrainDuration",
    "tracingServiceName",
)
"""Keys of `defaultConfig` that say how a pod's proxy is started."""

AGENT = ("ISTIO_META_DNS_CAPTURE", "ISTIO_META_DNS_AUTO_ALLOCATE")
"""Of `proxyMetadata`, what tells Istio's agent how programs look up names; here they dial their sidecar."""
OF_PROXY = "ISTIO_META_"
"""Begins the names by which proxies tell istiod of themselves, which may change what they get."""

TRACERS = dict.fromkeys(
    ("zipkin", "lightstep", "datadog", "stackdriver", "openCensusAgent", "tlsSettings"),
    "spans go to the mesh by OTLP; name an `opentelemetry` provider",
)

PROVIDERS = {
    "zipkin": "spans go to the mesh by OTLP; name an `opentelemetry` provider",
    "lightstep": "Istio has deprecated it; name an `opentelemetry` provider",
    "datadog": "spans go to the mesh by OTLP; name an `opentelemetry` provider",
    "stackdriver": "it needs Google's cloud",
    "opencensus": "Istio has deprecated it; name an `opentelemetry` provider",
    "skywalking": "spans go to the mesh by OTLP; name an `opentelemetry` provider",
    "prometheus": "stock Envoy lacks Istio's stats filter, so Istio's metrics do not exist here",
    "envoyHttpAls": "loopmesh runs no access log service; name an `envoyFileAccessLog` provider",
    "envoyTcpAls": "loopmesh runs no access log service; name an `envoyFileAccessLog` provider",
    "envoyOtelAls": "loopmesh runs no access log service; name an `envoyFileAccessLog` provider",
    "sds": "secrets come from the mesh itself",
}
