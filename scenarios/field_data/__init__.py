"""Reading and checking the tables that people bring from the field."""
