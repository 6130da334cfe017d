"""How goods travel."""
