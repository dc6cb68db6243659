"""``report.html``: the planner's page, one file that works offline, with passages that can be tried at once.

``page``       the file: data, scripts and words put together, and what the browser may do
``payload``    what the page knows of a set of runs, as plain data
``vectors``    fences, routes, borders, places and passages in longitude and latitude
``surfaces``   rasters as bytes in web mercator, and their colours
``basis``      what a saved scenario builds on
``phrases``    every sentence of the page, translated
``assets``     its own scripts and styles; ``vendor`` MapLibre GL JS under its own licence
"""
