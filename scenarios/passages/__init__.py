"""`otkel passages`: the best set of passages for a budget."""
