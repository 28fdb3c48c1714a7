"""Cyton and Cyton with Daisy: from the bytes on the port to blocks of samples."""
