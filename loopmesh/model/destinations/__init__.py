"""How connections to a destination behave: the parts of a traffic policy."""
