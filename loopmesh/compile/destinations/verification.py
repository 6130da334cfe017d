"""What TLS takes from the host that is called, where the policy does not say it (Istio
`setAutoSniAndAutoSanValidation`)."""

from envoy.config.core.v3.protocol_pb2 import UpstreamHttpProtocolOptions

from loopmesh.model.destinations.client_tls import ClientTls, TlsMode


def verification_of(tls: ClientTls | None) -> UpstreamHttpProtocolOptions | None:
    """The server name, and the name that the certificate must be for, where the policy says neither."""
    if tls is None or tls.mode not in (TlsMode.SIMPLE, TlsMode.MUTUAL) or tls.server_name:
        return None
    verified = not (tls.server_names or tls.unverified)
    return UpstreamHttpProtocolOptions(auto_sni=True, auto_san_validation=verified)


def verification_of_called(tls: ClientTls | None) -> UpstreamHttpProtocolOptions | None:
    """Of a host that is looked up as it is called a certificate must be for that name, whatever else the policy asks of
    it; None for `tls` is mutual TLS with whoever wants it."""
    tls = tls or ClientTls(mode=TlsMode.ISTIO_MUTUAL)
    asks_for_name, verified = not tls.server_name, not tls.unverified
    if tls.mode is TlsMode.DISABLE or not (asks_for_name or verified):
        return None
    return UpstreamHttpProtocolOptions(auto_sni=asks_for_name, auto_san_validation=verified)
