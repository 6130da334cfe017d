"""What is not simulated is said, never guessed."""


class NotSimulatedError(Exception):
    """The configuration holds something whose effect is not simulated; the message names it."""
