"""Recordings by other programs, read as they are: what a file holds, and where each row belongs."""
