"""The session file: schema, codec, writer, reader, check."""
