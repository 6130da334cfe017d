"""The same questions to a mesh of this machine and to a cluster."""
