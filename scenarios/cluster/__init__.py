"""Who computes: processes of this machine or workers of a dask cluster."""
