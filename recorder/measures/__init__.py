"""The measures of a session: which, from what, and where they are written down."""
