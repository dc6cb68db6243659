"""`otkel run`, `plan`, `check`, `doctor` and reproduction from a manifest."""
