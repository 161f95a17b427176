"""JSON shapes: what is read from clients and what is shown to them."""
