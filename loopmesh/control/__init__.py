"""The control plane: gives every proxy its configuration and certificates, and knows what each accepted.

Enters: messages per workload. Leaves: ACKs and rejections. Never: what a route or a cluster means.
"""

from loopmesh.control.authority import CertificateAuthority
from loopmesh.control.key_fetch import FetchError, KeyFetch
from loopmesh.control.key_sets import KeySets
from loopmesh.control.plane import ControlPlane
from loopmesh.control.report import ControlError, ProxyEvent, PushReport, Rejection

__all__ = [
    "CertificateAuthority",
    "ControlError",
    "ControlPlane",
    "FetchError",
    "KeyFetch",
    "KeySets",
    "ProxyEvent",
    "PushReport",
    "Rejection",
]
