"""The fence-aware multigrid solver for one large circuit."""
