"""Nodes among each other, through Redis: what they tell each other's people, who lives, and who is online where.

bus.py comes first; lease.py says which nodes there are, presence_board.py and socket_board.py where accounts are.
"""
