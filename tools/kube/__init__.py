"""A cluster of one machine's own, for the tests that want a real Kubernetes with Istio."""
