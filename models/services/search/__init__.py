"""Search over what people wrote, sent and named."""
