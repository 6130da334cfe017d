"""Every message of Istio's analysis: told by `mesh validate`, or not, and why."""

from loopmesh.policies.analysis import Message

TOLD = {str(message) for message in Message}
"""Each has a file in `cases` that shows it."""
IN_OTHER_WORDS = {
    "IST0106": "a field that is wrong is refused at its place, by loopmesh's own rule",
    "IST0133": "what Istio warns of is mostly said in vain, and so refused at its place",
    "IST0152": "an operation without effect is refused at its place",
    "IST0153": "an operation without effect is refused at its place",
    "IST0154": "an operation without effect is refused at its place",
    "IST0161": "a Secret that cannot be read keeps the mesh from starting",
}
"""Wrong for both, but no message of loopmesh has the code."""
CLUSTER = "it is about objects of a cluster, which policies are not"
GATEWAY_API = "it is about the Gateway API, whose kinds are refused"
AMBIENT = "there is no ambient mesh here"
CLUSTERS = "it is about several clusters"
ANNOTATIONS = "it is about annotations of Kubernetes' own objects"
INSTALLATION = "it is about how Istio is installed"
NOT_OURS = {
    "IST0001": "it is a mistake of the analysis itself",
    "IST0102": CLUSTER,
    "IST0103": CLUSTER,
    "IST0107": ANNOTATIONS,
    "IST0108": ANNOTATIONS,
    "IST0116": CLUSTER,
    "IST0118": "ports are in the values file, where a name that says no protocol is refused",
    "IST0123": CLUSTER,
    "IST0125": ANNOTATIONS,
    "IST0126": CLUSTERS,
    "IST0135": ANNOTATIONS,
    "IST0136": ANNOTATIONS,
    "IST0137": CLUSTER,
    "IST0139": INSTALLATION,
    "IST0141": INSTALLATION,
    "IST0142": INSTALLATION,
    "IST0143": CLUSTER,
    "IST0144": CLUSTER,
    "IST0146": CLUSTER,
    "IST0147": CLUSTER,
    "IST0148": INSTALLATION,
    "IST0150": "it is about Services of type ExternalName",
    "IST0155": "it is about proxies of several versions",
    "IST0156": GATEWAY_API,
    "IST0158": CLUSTER,
    "IST0162": "gateways of the values open whatever ports their Gateways say",
    "IST0163": CLUSTERS,
    "IST0164": CLUSTERS,
    "IST0165": GATEWAY_API,
    "IST0166": GATEWAY_API,
    "IST0167": AMBIENT,
    "IST0168": INSTALLATION,
    "IST0169": INSTALLATION,
    "IST0170": CLUSTERS,
    "IST0171": CLUSTER,
    "IST0172": GATEWAY_API,
    "IST0175": INSTALLATION,
    "IST0176": GATEWAY_API,
}
