"""Policies rewritten for one purpose: what is in force is merged with, or refused with its place and what to edit.

Enters: the policies in force. Leaves: whole documents to apply, as plain values. Never: applies them.
"""

from loopmesh.policies.edits.fault import Fault, clear_fault, fault_problems, inject_fault, is_for_fault_alone
from loopmesh.policies.edits.rewriting import keep_only, rewrite
from loopmesh.policies.edits.service_routes import Content
from loopmesh.policies.edits.shift import shares, shift

__all__ = [
    "Content",
    "Fault",
    "clear_fault",
    "fault_problems",
    "inject_fault",
    "is_for_fault_alone",
    "keep_only",
    "rewrite",
    "shares",
    "shift",
]
