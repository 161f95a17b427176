"""The building: assembly, settings, wiring, lifecycle, auth, sockets, bus and embedded stores."""
