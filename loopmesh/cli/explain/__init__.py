"""`mesh explain`: the simulation on what the proxies of a running mesh really have, with their live figures."""
