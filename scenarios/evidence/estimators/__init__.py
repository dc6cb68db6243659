"""Statistics of evidence: arrays in, frozen results out. No files, no maps, no study."""
