"""The chart, rendered and judged by tools of the Kubernetes and Istio projects. They are built from Go modules."""
