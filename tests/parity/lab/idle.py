"""A program that serves nobody: others call in its name."""

import signal

from script import tell_addresses

tell_addresses()
signal.sigwait({signal.SIGTERM, signal.SIGINT})
