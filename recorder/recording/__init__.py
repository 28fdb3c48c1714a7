"""A session while it is recorded: begun, gathered, stored, continued, ended."""
