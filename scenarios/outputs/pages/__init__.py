"""HTML pages that work offline.

``frame``  what the pages of all commands share: head, notes, tables as text
``index``  ``index.html`` of a run
``built``  designs and fences as tables of a run

``templates/base.html`` is the frame of every page.
"""
