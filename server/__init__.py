"""The building: assembly, settings, wiring, lifecycle, auth, sockets, bus and embedded stores."""

__version__ = "0.1.0"
