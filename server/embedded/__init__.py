"""Runs the embedded stores: a real mongod and a real Redis-compatible server as child processes under `data_dir`.

    stores.py    EmbeddedStores: start both, keep both running, stop both; used by tests and lifecycle
    server.py    what both servers share: a port, a start, an end
    mongod.py    a one-member replica set, so that `w: majority` holds
    valkey.py    pub/sub and leases; nothing on disk
    child.py     one child process: its log, its lock on the data, its end
    launcher.py  the first program of a child: tie its life to the parent's, then become the server
    binaries.py  where the programs are: setting, PATH, wheels
    ports.py     free loopback ports that no outgoing connection takes

A child is tied to this process by Linux's parent-death signal, so that even `kill -9` of the server leaves no orphan.
Other systems have no such signal: there a crash of the server leaves the children running, and the next start says
which process to end.
"""

from server.embedded.stores import EmbeddedStores, throw_away_stores

__all__ = ["EmbeddedStores", "throw_away_stores"]
