"""One module for each source, public or of the user."""
