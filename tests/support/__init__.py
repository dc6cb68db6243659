"""Landscapes, studies, result folders and long checks that several tests share."""
