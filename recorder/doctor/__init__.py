"""What `antiphon doctor` looks at: whether this machine can record two people now."""
