"""The parts of a VirtualService's routes, one file each; names are those of the model's parts they read."""
