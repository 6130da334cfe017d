"""The parts of a DestinationRule's traffic policy."""
