"""The sessions that the fixture `directory` makes, by their names."""

ID = "20261123T040000Z-1f3a"
OTHER = "20261124T091500Z-00ff"
