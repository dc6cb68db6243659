"""Circuits on cells: the solvers and the slow reference they are held against."""
