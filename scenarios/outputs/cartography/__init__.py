"""How a map is drawn.

``furniture``  relief, graticule, scale, north, places for labels: arrays and numbers
``sheet``      the page: title, map, side panel, footer
``scene``      the ground and a surface over it
``features``   corridor, fences, borders, paths, places
``labels``     names of places and numbers of passages
``strip``      the list and the profile of the passage sheet

Names are text on every figure: what stands between dollar signs is no formula.
"""
