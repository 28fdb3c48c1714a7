"""A camera beside the session: its program, its process, its frames' times."""
