"""Edges of the camera trigger on every path, and the sync train that we emit."""
