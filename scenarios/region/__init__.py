"""A study of any region, from public sources: what is fetched, how it is kept, how it is read into the grid."""
