"""Moments of interest and of no interest that people see in a session, and how far they agree."""
