"""Sessions of other nodes: a request that reached the wrong one is passed on to the one that holds its session.

address.py (how a session id names its node, and a node its address), door.py (where other nodes
knock), passing.py (how one knocks), tunnel.py (a WebSocket that goes through two of them).
"""
