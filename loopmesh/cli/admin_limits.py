"""How much the admin socket carries in one message: policies of many files, and every problem of them."""

MESSAGE_BYTES = 256 * 1024 * 1024
LIMITS = (("grpc.max_send_message_length", MESSAGE_BYTES), ("grpc.max_receive_message_length", MESSAGE_BYTES))
CHANGE_S = 600
"""How long a change of policies may take, from reading many of them to the last proxy's answer; the mesh itself says
much earlier who is late."""
