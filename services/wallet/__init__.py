"""The customers' money: events that are never changed, and the double entries they stand for."""
