"""Buttons that a person presses to mark a moment: a foot switch, a clicker."""
