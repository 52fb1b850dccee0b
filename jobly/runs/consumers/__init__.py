"""The live server's entry points: websocket and server-sent events over the same rows."""
