"""Who a workload is."""

from dataclasses import dataclass

TRUST_DOMAIN = "cluster.local"
"""Istio's default trust domain. In policies, and in the model, it stands for the mesh's own, whatever its name."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Identity:
    """A SPIFFE identity in Istio's form (SPIFFE-ID.md section 2; Istio `spiffe.Identity`)."""

    namespace: str
    service_account: str
    trust_domain: str = TRUST_DOMAIN

    @property
    def principal(self) -> str:
        """As authorization policies spell it: `cluster.local/ns/shop/sa/orders`."""
        return f"{self.trust_domain}/ns/{self.namespace}/sa/{self.service_account}"

    @property
    def spiffe_id(self) -> str:
        """As certificates carry it: `spiffe://cluster.local/ns/shop/sa/orders`."""
        return f"spiffe://{self.principal}"
