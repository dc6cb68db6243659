"""Files for the field and for other programs, all from one `FieldContent`.

``content``   what they hold: passages with coordinates in words, fences, places, notes, in one language
``gpx``       GPS units: waypoints with short names, the fence as a track
``kmz``       earth viewers: styled places and lines with pictures; ``closeup`` draws a passage
``lists``     XLSX and CSV coordinate lists
``vectors``   GeoJSON and GeoPackage
``styles``    QGIS styles, for GeoPackage and project
``archive``   zip files with the same bytes for the same contents
``project``   a QGIS project with its data; ``print_page`` is its page of paper
"""
