"""What was said in a session: who speaks in a file of another program, and finding a word again."""
