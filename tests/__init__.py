"""The promises, as tests that enter by public doors."""
