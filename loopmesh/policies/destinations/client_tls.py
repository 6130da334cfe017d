"""tls: how a caller's sidecar opens connections (Istio `ValidateTLS`)."""

from loopmesh.model.destinations.client_tls import ClientTls, TlsMode
from loopmesh.policies.fields import Fields
from loopmesh.policies.host_names import check_name

FILES = ("clientCertificate", "privateKey", "caCertificates", "caCrl")
STORES = ("configmap://", "kubernetes://", "file://", "builtin://")


def read_client_tls(fields: Fields) -> ClientTls:
    """Without a mode it is DISABLE, the zero of Istio's enumeration."""
    mode = fields.choice("mode", TlsMode) or TlsMode.DISABLE
    tls = ClientTls(
        mode=mode,
        certificate=fields.text("clientCertificate") or "",
        private_key=fields.text("privateKey") or "",
        authorities=fields.text("caCertificates") or "",
        revoked=fields.text("caCrl") or "",
        server_name=fields.text("sni") or "",
        server_names=fields.texts("subjectAltNames"),
        unverified=bool(fields.boolean("insecureSkipVerify")),
        credential=fields.text("credentialName", check=_check_credential) or "",
    )
    _check_files(fields, tls)
    _check_names(fields, tls)
    return tls


def _check_files(fields: Fields, tls: ClientTls) -> None:
    """What would be said in vain is refused."""
    needed = ("clientCertificate", "privateKey") if tls.mode is TlsMode.MUTUAL and not tls.credential else ()
    for key in needed:
        if not fields.has(key):
            fields.refuse(None, f"`{key}` is required with mode MUTUAL", "add the path of the file")
    if tls.credential and tls.mode not in (TlsMode.SIMPLE, TlsMode.MUTUAL):
        fields.refuse("credentialName", f"Istio does not heed it with mode {tls.mode}", "remove it")
    heeded = {TlsMode.MUTUAL: FILES, TlsMode.SIMPLE: ("caCertificates", "caCrl")}.get(tls.mode, ())
    for key in FILES if tls.credential else ():
        if fields.has(key):
            fields.refuse(key, "`credentialName` is there, too", "keep one of the two")
    for key in FILES:
        if fields.has(key) and key not in heeded:
            fields.refuse(key, f"Istio does not heed it with mode {tls.mode}", "remove it")


def _check_names(fields: Fields, tls: ClientTls) -> None:
    if tls.mode is TlsMode.DISABLE:
        for key in ("sni", "subjectAltNames", "insecureSkipVerify"):
            if fields.has(key):
                fields.refuse(key, "Istio does not heed it with mode DISABLE", "remove it")
    if tls.unverified and tls.mode in (TlsMode.SIMPLE, TlsMode.MUTUAL):
        trusted = ("credentialName",) if tls.mode is TlsMode.SIMPLE else ()
        for key in ("caCertificates", "subjectAltNames", "caCrl", *trusted):
            if fields.has(key):
                fields.refuse(key, "with `insecureSkipVerify` nothing is verified", "keep one of the two")
    if tls.unverified and tls.mode is TlsMode.ISTIO_MUTUAL:
        rule = "Istio heeds it with SIMPLE and MUTUAL; an identity of the mesh is always verified"
        fields.refuse("insecureSkipVerify", rule, "remove it")


def _check_credential(name: str) -> tuple[str, str] | None:
    if name.startswith(STORES):
        return "loopmesh reads Secrets only, by their names", "write the name of the Secret alone"
    return check_name(name)
