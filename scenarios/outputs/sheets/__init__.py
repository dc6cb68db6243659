"""The liaison's sheets: PDF pages at a round scale on the SK-42 grid, for a passage, a fence section or a whole study.

``page`` draws in millimetres and remembers where text stands; ``projection`` and ``frame`` say where the ground is on
the paper; ``source`` holds what all sheets of a run share; ``ground``, ``gridlines``, ``features`` and ``labels`` fill
the map; ``margin``, ``notes`` and ``table`` stand around it; ``sheet`` puts one page together, ``request``
and ``plan`` say which pages there are, ``series`` divides a fence and draws
the index, ``document`` makes the file, ``geo`` georeferences it.
"""
