"""Speed, memory and accuracy beside other programs: ``python -m tests.benchmarks --help``."""
