"""What people get from a run: one exporter per kind of file.

``species``     all files of one scenario and species
``gis``         rasters and vectors
``pages``       pages for a browser
``tables``      CSV files and the dictionary of their columns
``map``         maps as PNG, drawn with ``cartography``
``manifest``    what was run, on what, and how it went
``folder``      a result folder that appears only when it is complete
``words``       sentences that all of them repeat
"""
