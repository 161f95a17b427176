"""Connections: the Engine.IO transport, who is connected, and the fan-out to them and to other nodes.

Read in this order: `connections.py` (who is here), `frames.py` (a WebSocket on a line taken over from aiohttp), `outbox.py`
(what waits to be sent), `engine.py` (one client, by polling or WebSocket), `server.py` (python-socketio with its traps closed),
`fanout.py` (an event to every socket that should see it). Other nodes: `server/bus`, and `server/nodes` for their sessions.
"""
