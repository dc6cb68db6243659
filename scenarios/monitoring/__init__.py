"""The same indicators every year: what stood in each year, computed in one go with one code, with intervals."""
