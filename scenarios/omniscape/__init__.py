"""Omniscape jobs, run as they are: INI file -> windows -> the files that Omniscape writes."""
