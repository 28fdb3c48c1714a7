"""The service: its loop, whose turn it is, what is asked of it, what systemd is told."""
