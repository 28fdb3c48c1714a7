"""The lines of the control socket, and who is at its other end."""
