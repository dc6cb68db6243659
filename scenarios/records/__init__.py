"""What a computed thing depends on, and how it is kept."""
