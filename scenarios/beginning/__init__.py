"""The guided way in: a few questions, a study, and what there is put into it; `otkel new`."""
