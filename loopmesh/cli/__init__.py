"""The `mesh` command: what the user types, all rooms joined, text, JSON and exit codes. Never: rules of its own."""
