"""Traffic policies: which rule holds for a caller, and what each of its parts means to Envoy."""
