"""Run by QGIS's own Python, without a screen: opens a project or a GeoPackage and says what it found, as JSON.

``python3 qgis_check.py PROJECT.qgz PICTURE.png`` or ``python3 qgis_check.py FILE.gpkg layer [layer ...]``
"""

import json
import os
import sys

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from qgis.core import (
    QgsApplication,
    QgsLayoutExporter,
    QgsLayoutItemLegend,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsProject,
    QgsRuleBasedRenderer,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor


def project(path, picture):
    document = QgsProject.instance()
    opened = document.read(path)
    tree = document.layerTreeRoot().findLayers()
    shown = [node.layer() for node in tree if node.isVisible() and node.layer() is not None]
    settings = QgsMapSettings()
    settings.setLayers(shown)
    settings.setDestinationCrs(document.crs())
    settings.setExtent(document.viewSettings().defaultViewExtent())
    settings.setOutputSize(QSize(700, 500))
    settings.setBackgroundColor(QColor(255, 255, 255))
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    image = job.renderedImage()
    image.save(picture)
    colours = {image.pixel(x, y) for x in range(0, 700, 7) for y in range(0, 500, 7)}
    return {
        "opened": opened,
        "title": document.title(),
        "crs_valid": document.crs().isValid(),
        "invalid": [layer.name() for layer in document.mapLayers().values() if not layer.isValid()],
        "unresolved": [node.name() for node in tree if node.layer() is None],
        "shown": [layer.name() for layer in shown],
        "sources": [layer.source() for layer in document.mapLayers().values()],
        "abstract": document.metadata().abstract(),
        "layouts": [layout.name() for layout in document.layoutManager().layouts()],
        "items": [type(item).__name__ for layout in document.layoutManager().layouts() for item in layout.items()],
        "legends_end_mm": [
            legend_end(item)
            for layout in document.layoutManager().layouts()
            for item in layout.items()
            if isinstance(item, QgsLayoutItemLegend)
        ],
        "errors": [error.message for error in job.errors()],
        "colours": len(colours),
    }


def legend_end(legend):
    """Where a legend ends on its page, from the left [mm]."""
    settings = QgsLayoutExporter.ImageExportSettings()
    settings.dpi = 72
    QgsLayoutExporter(legend.layout()).exportToImage(sys.argv[2] + ".page.png", settings)
    return legend.pagePos().x() + legend.sizeWithUnits().width()


def styles(path, names):
    found = {}
    for name in names:
        layer = QgsVectorLayer(f"{path}|layername={name}", name, "ogr")
        _, loaded = layer.loadDefaultStyle()
        rules = layer.renderer().rootRule().children() if isinstance(layer.renderer(), QgsRuleBasedRenderer) else []
        found[name] = {
            "valid": layer.isValid(),
            "loaded": loaded,
            "rules": [rule.label() for rule in rules],
            "labels": layer.labelsEnabled(),
            "features": layer.featureCount(),
        }
    return found


QgsApplication.setPrefixPath("/usr", True)
application = QgsApplication([], False)
application.initQgis()
answer = project(*sys.argv[1:3]) if sys.argv[1].endswith(".qgz") else styles(sys.argv[1], sys.argv[2:])
print("ANSWER " + json.dumps(answer))
application.exitQgis()
