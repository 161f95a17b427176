"""The verbs: one use case, one module, one callable."""
