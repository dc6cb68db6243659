"""What is solved of one species and scenario, and its results."""
