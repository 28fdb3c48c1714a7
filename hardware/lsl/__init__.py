"""LSL: streams of others as a board, as markers and as numbers; a session as streams."""
