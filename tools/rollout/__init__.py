"""A new version of a service takes over by steps, each of them a commit of the policies."""
