"""The configuration: the file, and a type for each of its sections."""
