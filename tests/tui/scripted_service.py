"""A service for the screen's tests: the real socket and protocol, everything said by script.

`python -m tests.tui.scripted_service SOCKET` plays two calm people for looking at the screen.
"""
