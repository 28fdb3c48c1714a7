"""Boards through BrainFlow, which is loaded only when one is asked for."""
