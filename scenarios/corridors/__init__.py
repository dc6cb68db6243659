"""`otkel corridors`: routes, alternatives and the network of cores and targets."""
