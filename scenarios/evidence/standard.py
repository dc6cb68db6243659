"""Fields of the tables of Camtrap DP 1.0 (TDWG, https://camtrap-dp.tdwg.org): names, kinds, limits, and what refers to what."""

from __future__ import annotations

from scenarios.field_data.standard import Field, Kind, TableStandard

__all__ = ["MAJOR_VERSION", "TABLES"]

MAJOR_VERSION = "1"


def _texts(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name=name) for name in names)


def _required(name: str, kind: Kind = "text") -> Field:
    return Field(name=name, kind=kind, required=True)


def _share(name: str, minimum: float = 0.0) -> Field:
    return Field(name=name, kind="number", minimum=minimum, maximum=1.0)


def _least(name: str, minimum: float = 0.0, kind: Kind = "number") -> Field:
    return Field(name=name, kind=kind, minimum=minimum)


FEATURES = (
    "roadPaved",
    "roadDirt",
    "trailHiking",
    "trailGame",
    "roadUnderpass",
    "roadOverpass",
    "roadBridge",
    "culvert",
    "burrow",
    "nestSite",
    "carcass",
    "waterSource",
    "fruitingTree",
)

DEPLOYMENTS = TableStandard(
    name="deployments",
    key="deploymentID",
    fields=(
        Field(name="deploymentID", required=True, unique=True),
        *_texts("locationID", "locationName"),
        Field(name="latitude", kind="number", required=True, minimum=-90.0, maximum=90.0),
        Field(name="longitude", kind="number", required=True, minimum=-180.0, maximum=180.0),
        _least("coordinateUncertainty", 1.0, "integer"),
        _required("deploymentStart", "time"),
        _required("deploymentEnd", "time"),
        *_texts("setupBy", "cameraID", "cameraModel"),
        _least("cameraDelay", kind="integer"),
        _least("cameraHeight"),
        _least("cameraDepth"),
        Field(name="cameraTilt", kind="integer", minimum=-90.0, maximum=90.0),
        Field(name="cameraHeading", kind="integer", minimum=0.0, maximum=360.0),
        _least("detectionDistance"),
        Field(name="timestampIssues", kind="boolean"),
        Field(name="baitUse", kind="boolean"),
        Field(name="featureType", choices=FEATURES),
        *_texts("habitat", "deploymentGroups", "deploymentTags", "deploymentComments"),
    ),
)

MEDIA = TableStandard(
    name="media",
    key="mediaID",
    references=(("deploymentID", "deployments"),),
    fields=(
        Field(name="mediaID", required=True, unique=True),
        _required("deploymentID"),
        Field(name="captureMethod", choices=("activityDetection", "timeLapse")),
        _required("timestamp", "time"),
        Field(name="filePath", required=True, pattern=r"(?!\.{1,2}/|/|~)(?!.*\.\./).+"),
        _required("filePublic", "boolean"),
        *_texts("fileName"),
        Field(name="fileMediatype", required=True, pattern=r"(image|video|audio)/.*"),
        *_texts("exifData"),
        Field(name="favorite", kind="boolean"),
        *_texts("mediaComments"),
    ),
)

OBSERVATIONS = TableStandard(
    name="observations",
    key="observationID",
    references=(("deploymentID", "deployments"), ("mediaID", "media")),
    fields=(
        Field(name="observationID", required=True, unique=True),
        _required("deploymentID"),
        *_texts("mediaID", "eventID"),
        _required("eventStart", "time"),
        _required("eventEnd", "time"),
        Field(name="observationLevel", required=True, choices=("media", "event")),
        Field(
            name="observationType",
            required=True,
            choices=("animal", "human", "vehicle", "blank", "unknown", "unclassified"),
        ),
        Field(name="cameraSetupType", choices=("setup", "calibration")),
        *_texts("scientificName"),
        _least("count", 1.0, "integer"),
        Field(name="lifeStage", choices=("adult", "subadult", "juvenile")),
        Field(name="sex", choices=("female", "male")),
        *_texts("behavior", "individualID"),
        _least("individualPositionRadius"),
        Field(name="individualPositionAngle", kind="number", minimum=-90.0, maximum=90.0),
        _least("individualSpeed"),
        _share("bboxX"),
        _share("bboxY"),
        _share("bboxWidth", 1e-15),
        _share("bboxHeight", 1e-15),
        Field(name="classificationMethod", choices=("human", "machine")),
        *_texts("classifiedBy"),
        Field(name="classificationTimestamp", kind="time"),
        _share("classificationProbability"),
        *_texts("observationTags", "observationComments"),
    ),
)

TABLES = {table.name: table for table in (DEPLOYMENTS, MEDIA, OBSERVATIONS)}
