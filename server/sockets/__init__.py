"""Sockets: the Engine.IO transport, the connections of this node, and the fan-out of packets to them and to other nodes.

In reading order:

    connections.py     who is connected                         engine.py           requests of Engine.IO, new sessions
    send_queue.py      packets that wait for one client         server.py           python-socketio with its traps closed
    frame_format.py    the bytes of a WebSocket's frames        requests.py         requests under way, and their answers
    frames.py          a WebSocket (handshake.py opens it)      joining.py          the ways into a namespace and out of it
    intake.py          how much a client may send               fanout.py           a fact to all clients that may see it
    engine_socket.py   one client's connection                  broadcast.py        packets for many clients
    polling.py         a client that polls                      drain.py            the clients of a node that stops
    upgrade.py         its move to a WebSocket                  disconnects.py      every close code and reason

Other nodes: `server/bus` for packets, `server/nodes` for their sessions.
"""
