"""What can go wrong while a mesh runs. Never: a mistake in the user's files (that is InvalidInputError)."""


class RunError(Exception):
    """One line that says what failed, why, and what to do or where the log is."""
