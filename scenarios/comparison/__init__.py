"""`otkel compare`: runs side by side."""
