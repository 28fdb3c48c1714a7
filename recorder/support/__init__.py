"""What a technician can see from afar, without the people recorded."""
