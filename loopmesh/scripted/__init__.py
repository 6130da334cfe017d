"""A program that answers as a test says: a stand-in for a service, behind that service's own sidecar.

Enters: gRPC and HTTP/1.1 calls, and a script over a Unix socket. Leaves: answers. Without a script it answers that all
is well. Never: anything of the mesh, nor of the tests that write the script.
"""
