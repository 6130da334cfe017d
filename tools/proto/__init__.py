"""Everything derived from `proto/`: stubs, the edge's transcoder, and the gate that keeps contracts compatible."""
