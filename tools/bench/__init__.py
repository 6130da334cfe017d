"""What the mesh costs: time, memory, latency; each beside a baseline measured in the same run."""
