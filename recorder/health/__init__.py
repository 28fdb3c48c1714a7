"""How the box is: disk, heat, power, memory, clock, card; and how often it was cut off."""
