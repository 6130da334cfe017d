"""Policies rewritten for one purpose: what is in force is merged with, or refused with its place and what to edit.

Enters: the policies in force. Leaves: whole documents to apply, as plain values. Never: applies them.
"""

from loopmesh.policies.edits.fault import Fault, clear_fault, inject_fault
from loopmesh.policies.edits.shift import shares, shift

__all__ = ["Fault", "clear_fault", "inject_fault", "shares", "shift"]
