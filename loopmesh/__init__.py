"""loopmesh: a real service mesh on one machine, from the same Istio YAML and Helm values that deploy to Kubernetes."""
