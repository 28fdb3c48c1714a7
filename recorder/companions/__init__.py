"""What is recorded beside the boards: triggers, the sync train, a camera, numbers of others."""
