"""The HTTP side: the application, its middlewares, pages and probes."""
