"""Connects nodes for sessions: a request that reached the wrong node is forwarded to the one that holds its session.

address.py maps a session id to its node, and a node to its address. session_proxy.py forwards requests, internal_server.py takes
those of other nodes, and websocket_relay.py joins a WebSocket through two nodes. agreement.py compares secrets and clocks.
"""
