"""The boards' clocks in a session: anchored, remembered, refitted; and the time of day."""
