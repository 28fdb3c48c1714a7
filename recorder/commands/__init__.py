"""The verbs of the command line, a module for those that load the same things."""
