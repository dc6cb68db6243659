"""Rasters and vectors for GIS programs.

``rasters``     cloud-optimised GeoTIFFs
``geopackage``  paths, corridors, fences, passages and places for QGIS
``qgis_styles`` how QGIS draws each of its layers
``context``     relief and borders, once for all runs
``dataset``     the rasters as an xarray Dataset, for scripts
"""
