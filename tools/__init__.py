"""What developers of loopmesh run from the Makefile; nothing here ships."""
