"""`python -m recorder` is the `antiphon` command."""

from recorder.cli import main

main()
