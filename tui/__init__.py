"""The screen: a client of recorder.control that never touches a board."""
