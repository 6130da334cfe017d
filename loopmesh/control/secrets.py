"""Delta SDS: each admitted proxy gets the certificate of its own identity and the trust bundle, nothing else."""

import asyncio
from collections.abc import AsyncIterator, Callable

import grpc
from envoy.config.core.v3.base_pb2 import DataSource
from envoy.extensions.transport_sockets.tls.v3.common_pb2 import CertificateValidationContext, TlsCertificate
from envoy.extensions.transport_sockets.tls.v3.secret_pb2 import Secret
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DeltaDiscoveryResponse
from envoy.service.secret.v3.sds_pb2_grpc import SecretDiscoveryServiceServicer

from loopmesh.control.aggregated import Requests, admit
from loopmesh.control.authority import Certificate, CertificateAuthority
from loopmesh.control.delta_stream import DeltaStream
from loopmesh.control.proxy import Proxy
from loopmesh.control.resources import SECRET, Snapshot, Versioner

OWN_CERTIFICATE = "default"
TRUST_BUNDLE = "ROOTCA"


class SecretDiscovery(SecretDiscoveryServiceServicer):  # type: ignore[misc]
    """Keeps one certificate per proxy and renews it at half of its life."""

    def __init__(self, authority: CertificateAuthority, admitted: Callable[[str], Proxy | None]) -> None:
        self._authority = authority
        self._admitted = admitted
        self._certificates: dict[str, Certificate] = {}
        self._streams: dict[DeltaStream, str] = {}
        bundle = DataSource(inline_bytes=authority.root_pem)
        self._bundle = Secret(name=TRUST_BUNDLE, validation_context=CertificateValidationContext(trusted_ca=bundle))

    async def DeltaSecrets(
        self,
        request_iterator: Requests,
        context: "grpc.aio.ServicerContext[DeltaDiscoveryRequest, DeltaDiscoveryResponse]",
    ) -> AsyncIterator[DeltaDiscoveryResponse]:
        first = await anext(request_iterator, None)
        proxy = await admit(first, self._admitted, context)
        stream = DeltaStream()
        self._streams[stream] = proxy.workload.node_id
        reader = asyncio.create_task(self._read(first, request_iterator, stream))
        try:
            async for response in stream.responses():
                yield response
        finally:
            reader.cancel()
            stream.close()
            del self._streams[stream]

    async def _read(self, first: DeltaDiscoveryRequest, rest: Requests, stream: DeltaStream) -> None:
        self._take(first, stream)
        async for request in rest:
            self._take(request, stream)
        stream.close()

    def _take(self, request: DeltaDiscoveryRequest, stream: DeltaStream) -> None:
        stream.receive(request)
        if request.resource_names_subscribe:
            stream.send_changes(SECRET, self._snapshot(self._streams[stream]))

    def renew_due(self, now_s: float) -> float | None:
        """Replaces certificates past half of their life; returns when the next is due, None for never."""
        for node_id in list(self._certificates):
            if self._admitted(node_id) is None:
                del self._certificates[node_id]
            elif _renewal_s(self._certificates[node_id]) <= now_s:
                del self._certificates[node_id]
                self._send(node_id)
        return min(map(_renewal_s, self._certificates.values()), default=None)

    def _send(self, node_id: str) -> None:
        for stream, owner in self._streams.items():
            if owner == node_id:
                stream.send_changes(SECRET, self._snapshot(node_id))

    def _snapshot(self, node_id: str) -> Snapshot:
        secrets = {OWN_CERTIFICATE: self._own(node_id), TRUST_BUNDLE: self._bundle}
        return Versioner().snapshot({SECRET: secrets})

    def _own(self, node_id: str) -> Secret:
        if node_id not in self._certificates:
            proxy = self._admitted(node_id)
            if proxy is None:
                return Secret(name=OWN_CERTIFICATE)
            self._certificates[node_id] = self._authority.issue(proxy.workload.identity)
        certificate = self._certificates[node_id]
        pair = TlsCertificate(
            certificate_chain=DataSource(inline_bytes=certificate.chain_pem),
            private_key=DataSource(inline_bytes=certificate.key_pem),
        )
        return Secret(name=OWN_CERTIFICATE, tls_certificate=pair)


def _renewal_s(certificate: Certificate) -> float:
    return (certificate.issued_at_s + certificate.expires_at_s) / 2
