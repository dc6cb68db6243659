"""What people get from a run: one exporter per kind of file.

``species``     all files of one scenario and species
``context``     relief and borders, once for all runs
``rasters``     cloud-optimised GeoTIFFs
``geopackage``  paths, corridors, fences, passages and places for QGIS
``tables``      CSV files and the dictionary of their columns
``map``         maps as PNG, drawn with ``cartography``
``page``        ``index.html``, offline
``manifest``    what was run, on what, and how it went
``folder``      a result folder that appears only when it is complete
``words``       sentences that all of them repeat
"""
