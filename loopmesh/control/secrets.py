"""Delta SDS: each admitted proxy gets the certificate of its own identity and the trust bundle, nothing else."""

import logging

from envoy.config.core.v3.base_pb2 import DataSource
from envoy.extensions.transport_sockets.tls.v3.common_pb2 import CertificateValidationContext, TlsCertificate
from envoy.extensions.transport_sockets.tls.v3.secret_pb2 import Secret
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DeltaDiscoveryResponse
from envoy.service.secret.v3.sds_pb2_grpc import SecretDiscoveryServiceServicer

from loopmesh.control.authority import Certificate, CertificateAuthority
from loopmesh.control.conversation import Admitted, Context, Requests, admit, converse, refuse_state_of_the_world
from loopmesh.control.delta_stream import DeltaStream
from loopmesh.control.proxy import Proxy
from loopmesh.control.resources import SECRET, Snapshot, Versioner

OWN_CERTIFICATE = "default"
TRUST_BUNDLE = "ROOTCA"
log = logging.getLogger(__name__)


class SecretDiscovery(SecretDiscoveryServiceServicer):  # type: ignore[misc]
    """Keeps one certificate per proxy and renews it at half of its life."""

    def __init__(self, authority: CertificateAuthority, admitted: Admitted) -> None:
        self._authority = authority
        self._admitted = admitted
        self._certificates: dict[str, Certificate] = {}
        self._streams: dict[DeltaStream, Proxy] = {}
        bundle = DataSource(inline_bytes=authority.root_pem)
        self._bundle = Secret(name=TRUST_BUNDLE, validation_context=CertificateValidationContext(trusted_ca=bundle))

    async def DeltaSecrets(
        self, request_iterator: Requests, context: "Context[DeltaDiscoveryRequest, DeltaDiscoveryResponse]"
    ) -> None:
        first = await anext(request_iterator, None)
        proxy = await admit(first, self._admitted, context)
        stream = DeltaStream()
        self._streams[stream] = proxy
        try:
            await converse(first, request_iterator, context, stream, lambda request: self._take(request, stream))
        finally:
            del self._streams[stream]

    async def StreamSecrets(self, request_iterator: object, context: "Context[object, object]") -> None:
        await refuse_state_of_the_world(context)

    async def FetchSecrets(self, request: object, context: "Context[object, object]") -> None:
        await refuse_state_of_the_world(context)

    def forget(self, proxy: Proxy) -> None:
        """Ends the proxy's streams and drops its certificate."""
        self._certificates.pop(proxy.workload.node_id, None)
        for stream in self._of(proxy):
            stream.close()

    def renew_due(self, now_s: float) -> float | None:
        """Replaces certificates past half of their life; returns when the next is due, None for never."""
        for node_id in [node_id for node_id, held in self._certificates.items() if _renewal_s(held) <= now_s]:
            del self._certificates[node_id]
            proxy = self._admitted(node_id)
            if proxy is not None and (streams := self._of(proxy)):
                snapshot = self._snapshot(proxy)
                for stream in streams:
                    stream.send(SECRET, snapshot)
        return min(map(_renewal_s, self._certificates.values()), default=None)

    def _take(self, request: DeltaDiscoveryRequest, stream: DeltaStream) -> None:
        proxy = self._streams[stream]
        if request.HasField("error_detail"):
            log.warning("%s refused a certificate: %s", proxy.workload.name, request.error_detail.message)
        if stream.receive(request):
            stream.send(SECRET, self._snapshot(proxy))

    def _of(self, proxy: Proxy) -> list[DeltaStream]:
        return [stream for stream, owner in self._streams.items() if owner is proxy]

    def _snapshot(self, proxy: Proxy) -> Snapshot:
        secrets = {OWN_CERTIFICATE: self._own(proxy), TRUST_BUNDLE: self._bundle}
        return Versioner().snapshot({SECRET: secrets})

    def _own(self, proxy: Proxy) -> Secret:
        node_id = proxy.workload.node_id
        if node_id not in self._certificates:
            self._certificates[node_id] = self._authority.issue(self._authority.own(proxy.workload.identity))
        certificate = self._certificates[node_id]
        pair = TlsCertificate(
            certificate_chain=DataSource(inline_bytes=certificate.chain_pem),
            private_key=DataSource(inline_bytes=certificate.key_pem),
        )
        return Secret(name=OWN_CERTIFICATE, tls_certificate=pair)


def _renewal_s(certificate: Certificate) -> float:
    return (certificate.issued_at_s + certificate.expires_at_s) / 2
