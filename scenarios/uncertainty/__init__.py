"""`otkel uncertainty`: how firm the ranking is."""
