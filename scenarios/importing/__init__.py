"""Fences, passages, reserves and cores from files that people bring, into a study, and out again; `otkel import`, `otkel export study`."""
