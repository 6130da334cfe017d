"""Runs workloads: folders, ports, processes, readiness, restarts, draining.

Enters: workloads and how to start them. Leaves: processes that are ready, restarted, drained and gone; events about
them. Never: how calls travel (that is compiled and pushed elsewhere), text for users, exit codes.
"""
