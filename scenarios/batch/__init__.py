"""`otkel batch`: many runs from a matrix file."""
