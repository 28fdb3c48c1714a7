"""Exports of a session file for other programs."""
