"""What every service of the shop shares: server, errors, deadlines, idempotency, database, traces, logs.

Enters: a program that says what it serves. Leaves: a running service. Never: a word of the shop's domain.
"""
