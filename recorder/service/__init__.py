"""The service: its loop, which session comes next, what is asked of it, what systemd is told."""
