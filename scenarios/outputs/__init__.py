"""What people get from a run: one exporter per kind of file.

``species``     all files of one scenario and species
``context``     relief and borders, once for all runs
``rasters``     cloud-optimised GeoTIFFs
``geopackage``  paths, corridors, fences, passages and places for QGIS
``dataset``     the rasters as an xarray Dataset, for scripts
``tables``      CSV files and the dictionary of their columns
``map``         maps as PNG, drawn with ``cartography``
``page``        ``index.html`` of a run, offline
``pages``       the frame that the pages of all commands share
``compare_*``   maps of change, the figure, the table and the page of a comparison
``manifest``    what was run, on what, and how it went
``folder``      a result folder that appears only when it is complete
``words``       sentences that all of them repeat
"""
