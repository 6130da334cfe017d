"""What a route says, one file per part: conditions, destinations, and what happens to a request on its way."""
