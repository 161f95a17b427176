"""Connections: the Engine.IO transport, who is connected, and the fan-out to them and to other nodes.

Read in this order: `connections.py` (who is here), `engine.py` (one client's transport and its bounded queue), `server.py`
(python-socketio with its traps closed), `fanout.py` (an event to every socket that should see it), `bus.py` (other nodes).
"""
