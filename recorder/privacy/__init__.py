"""Who may know what: codes, consent, encryption, and the right to be forgotten."""
