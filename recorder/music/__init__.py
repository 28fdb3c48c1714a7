"""What the music was like, from second to second, by the sound of a recording."""
