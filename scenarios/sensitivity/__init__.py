"""What an indicator gains per unit of change of every cell and of every number of a species: `otkel sensitivity`."""
