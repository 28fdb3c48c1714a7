"""Emulated boards and the processes of the demo: everything but people and radios."""
