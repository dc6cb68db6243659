"""Where files are opened: the only modules of this package that touch them.

``reading``  rasters and vectors
``writing``  rasters and GeoPackages, complete or not at all
``bands``    one band of a raster: scale, codes, what is no data
``confined`` paths made of names that stand in data
``formats``  which formats are opened
"""
