"""Did it work: camera traps at passages and what they say of the model. In order: read, link, count, estimate, show."""
