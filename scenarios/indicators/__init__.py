"""`otkel indicators`: the same figures every year."""
