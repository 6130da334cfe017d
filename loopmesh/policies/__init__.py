"""From the user's files to the model. Enters: a Helm values file and Istio YAML. Leaves: the model, or every problem.

Each field of a supported kind is understood or refused with its place; none is ever ignored. Never: processes, Envoy's
configuration.
"""

from loopmesh.policies.application import read_application
from loopmesh.policies.check import check_policies, check_provisions
from loopmesh.policies.credential_references import check_credentials
from loopmesh.policies.edits import (
    Content,
    Fault,
    clear_fault,
    fault_problems,
    inject_fault,
    is_for_fault_alone,
    keep_only,
    rewrite,
    shares,
    shift,
)
from loopmesh.policies.input_files import read_files
from loopmesh.policies.policy_set import PolicySet, no_policies
from loopmesh.policies.secret import read_secrets
from loopmesh.policies.writing import with_namespace, written_documents

__all__ = [
    "Content",
    "Fault",
    "PolicySet",
    "check_credentials",
    "check_policies",
    "check_provisions",
    "clear_fault",
    "fault_problems",
    "inject_fault",
    "is_for_fault_alone",
    "keep_only",
    "no_policies",
    "read_application",
    "read_files",
    "read_secrets",
    "rewrite",
    "shares",
    "shift",
    "with_namespace",
    "written_documents",
]
