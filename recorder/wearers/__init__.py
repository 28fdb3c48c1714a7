"""A person with a board: clock and ring, traces, contacts."""
