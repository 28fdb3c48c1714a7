"""Copies of finished sessions on workstations, and what may be deleted here because of them."""
