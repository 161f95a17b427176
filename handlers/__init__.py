"""The doors: they translate between the wire and the business, and decide nothing."""
