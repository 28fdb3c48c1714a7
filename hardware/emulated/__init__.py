"""Boards that are not there: Cytons on pseudo-terminals, two synthetic people, replays."""
