"""Recording without anybody at the keyboard."""
