"""The shop: services that know of the mesh only their environment."""
