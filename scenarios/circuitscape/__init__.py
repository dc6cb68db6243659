"""Existing Circuitscape jobs, run as they are: settings, inputs, the run, and files as Circuitscape writes them."""
