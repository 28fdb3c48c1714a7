"""How fast and how small, on this machine."""
