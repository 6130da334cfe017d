"""One module per command of `mesh`; each has a `command`."""
