"""A session, from start to archive: service, session file, control, command line."""

__version__ = "0.1.0"
