"""Routes as Envoy's messages, one file for each part of the model's routes."""
