"""ServerTLSSettings: how a server of the edge ends TLS (Istio `validateTLSOptions`)."""

import re
from collections.abc import Callable
from enum import StrEnum

from loopmesh.model.edge import ServerKind
from loopmesh.model.server_tls import ServerTls, ServerTlsMode, ServerTlsVersion
from loopmesh.policies.fields import Fields
from loopmesh.policies.host_names import check_name

CIPHERS = frozenset(
    {
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-CHACHA20-POLY1305",
        "ECDHE-RSA-CHACHA20-POLY1305",
        "ECDHE-ECDSA-AES128-SHA",
        "ECDHE-RSA-AES128-SHA",
        "ECDHE-ECDSA-AES256-SHA",
        "ECDHE-RSA-AES256-SHA",
        "AES128-GCM-SHA256",
        "AES256-GCM-SHA384",
        "AES128-SHA",
        "AES256-SHA",
        "DES-CBC3-SHA",
    }
)
"""BoringSSL's names; of others Istio says a warning and leaves them out."""
KEY_PIN = re.compile(r"[A-Za-z0-9+/]{43}=")
HASH = re.compile(r"[0-9A-Fa-f]{64}|[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){31}")
FILES = "it names a file inside a gateway's container; use `credentialName`"
UNSUPPORTED = {
    "serverCertificate": FILES,
    "privateKey": FILES,
    "caCertificates": FILES,
    "tlsCertificates": FILES,
    "caCertCredentialName": "Istio sets it from resources of the Gateway API; put `ca.crt` into the secret",
    "caCrl": "it names a file inside a gateway's container; put `ca.crl` into the secret",
}
UNSUPPORTED_MODES = {"AUTO_PASSTHROUGH": "it joins the networks of several clusters, and one machine has one"}
MOST_CREDENTIALS = 2


class _Mode(StrEnum):
    SIMPLE = "SIMPLE"
    MUTUAL = "MUTUAL"
    OPTIONAL_MUTUAL = "OPTIONAL_MUTUAL"
    ISTIO_MUTUAL = "ISTIO_MUTUAL"
    PASSTHROUGH = "PASSTHROUGH"
    AUTO_PASSTHROUGH = "AUTO_PASSTHROUGH"


class _Version(StrEnum):
    AUTO = "TLS_AUTO"
    V1_0 = "TLSV1_0"
    V1_1 = "TLSV1_1"
    V1_2 = "TLSV1_2"
    V1_3 = "TLSV1_3"


MODES = {
    _Mode.SIMPLE: ServerTlsMode.SIMPLE,
    _Mode.MUTUAL: ServerTlsMode.MUTUAL,
    _Mode.OPTIONAL_MUTUAL: ServerTlsMode.OPTIONAL_MUTUAL,
    _Mode.ISTIO_MUTUAL: ServerTlsMode.MESH,
    _Mode.PASSTHROUGH: ServerTlsMode.PASSTHROUGH,
}
VERSIONS = {
    _Version.V1_0: ServerTlsVersion.V1_0,
    _Version.V1_1: ServerTlsVersion.V1_1,
    _Version.V1_2: ServerTlsVersion.V1_2,
    _Version.V1_3: ServerTlsVersion.V1_3,
}
CERTIFICATE_FIELDS = ("credentialName", "credentialNames")
PIN_FIELDS = ("verifyCertificateSpki", "verifyCertificateHash")
CLIENT_FIELDS = (*PIN_FIELDS, "subjectAltNames", "insecureSkipVerify")
PARAMETERS = ("minProtocolVersion", "maxProtocolVersion", "cipherSuites")


def read_server_tls(fields: Fields, kind: ServerKind) -> tuple[bool, ServerTls | None]:
    """Whether requests are redirected to https, which only servers without TLS do, and how TLS ends on others."""
    redirects = bool(fields.boolean("httpsRedirect"))
    if kind not in (ServerKind.HTTPS, ServerKind.TLS):
        if any(map(fields.has, ("mode", *CERTIFICATE_FIELDS, *UNSUPPORTED))):
            fields.refuse(None, "a server without TLS has no settings of it but `httpsRedirect`", "use HTTPS")
            fields.ignore("mode", *CERTIFICATE_FIELDS, *UNSUPPORTED)
        return redirects, None
    if redirects:
        fields.refuse("httpsRedirect", "it is for servers without TLS", "put it on the HTTP server")
    return False, _tls(fields)


def _tls(fields: Fields) -> ServerTls:
    fields.unsupported(UNSUPPORTED)
    mode = fields.choice("mode", _Mode, unsupported=UNSUPPORTED_MODES)
    tls = ServerTls(
        mode=MODES[mode] if mode else ServerTlsMode.PASSTHROUGH,
        credentials=_credentials(fields),
        client_names=fields.texts("subjectAltNames"),
        client_key_pins=fields.texts("verifyCertificateSpki", _like(KEY_PIN, "the base64 of a SHA-256")),
        client_hashes=fields.texts("verifyCertificateHash", _like(HASH, "the hexadecimal of a SHA-256")),
        accepts_untrusted=bool(fields.boolean("insecureSkipVerify")),
        oldest=VERSIONS.get(fields.choice("minProtocolVersion", _Version) or _Version.AUTO),
        newest=VERSIONS.get(fields.choice("maxProtocolVersion", _Version) or _Version.AUTO),
        ciphers=fields.texts("cipherSuites", _check_cipher),
    )
    _check_mode(fields, tls)
    return tls


def _credentials(fields: Fields) -> tuple[str, ...]:
    single = fields.text("credentialName", check=check_name)
    several = fields.texts("credentialNames", check_name)
    if single and several:
        fields.refuse("credentialNames", "it excludes `credentialName`", "keep one of them")
    if len(several) > MOST_CREDENTIALS:
        fields.refuse("credentialNames", f"a server has at most {MOST_CREDENTIALS} certificates", "keep those")
    return (single,) if single else several


def _check_mode(fields: Fields, tls: ServerTls) -> None:
    if tls.mode is ServerTlsMode.MESH:
        _refuse_all(fields, CERTIFICATE_FIELDS, "ISTIO_MUTUAL shows the mesh's own certificate")
        _refuse_all(fields, (*PIN_FIELDS, *PARAMETERS), "Istio does not use it with ISTIO_MUTUAL")
    elif tls.mode is ServerTlsMode.PASSTHROUGH:
        _refuse_all(fields, (*CERTIFICATE_FIELDS, *CLIENT_FIELDS, *PARAMETERS), "PASSTHROUGH ends no TLS")
    elif not any(map(fields.has, (*CERTIFICATE_FIELDS, *UNSUPPORTED))):
        fields.refuse(None, "`credentialName` is required", "name a Secret with the certificate")
    if tls.mode is ServerTlsMode.SIMPLE:
        _refuse_all(fields, CLIENT_FIELDS, "with SIMPLE no client is asked for a certificate")
    if tls.oldest and tls.newest and tls.oldest > tls.newest:
        fields.refuse("maxProtocolVersion", "it is older than `minProtocolVersion`", "swap them")


def _refuse_all(fields: Fields, keys: tuple[str, ...], rule: str) -> None:
    for key in keys:
        if fields.has(key):
            fields.refuse(key, rule, "remove it")


def _like(pattern: re.Pattern[str], what: str) -> Callable[[str], tuple[str, str] | None]:
    return lambda text: None if pattern.fullmatch(text) else (f"this is {what}", "compute it with openssl")


def _check_cipher(name: str) -> tuple[str, str] | None:
    return None if name in CIPHERS else ("Istio leaves this cipher suite out", "use a name that OpenSSL has")
