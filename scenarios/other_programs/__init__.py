"""Jobs and files of other programs."""
