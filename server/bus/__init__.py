"""Connects the nodes of a site through Redis: packets and signals, leases, and where accounts are online.

Start with bus.py. lease.py knows which nodes are alive, presence_store.py and connected_accounts.py where accounts are.
"""
