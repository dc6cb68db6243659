"""Commands of the command line: parse, call `scenarios`, print. Nothing heavy is imported before one runs."""
