"""What to run, how runs differ, and what people get."""
