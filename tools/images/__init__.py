"""Container images of what the charts run."""
