"""Moving windows over files: what a tile reads, the sum on disk, local or on a cluster, and the command for a study."""
