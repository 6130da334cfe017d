"""The mesh in its own words: what runs, how it may talk. Enters: nothing. Never: Envoy, Kubernetes, YAML or I/O."""
