"""What every model of the study file shares: frozen, unknown keys are errors, and the kinds of value."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

__all__ = ["Amount", "FileName", "Identifier", "Metres", "Model", "Month", "Weight", "Year"]


def _relative(text: str) -> str:
    if ".." in PurePosixPath(text).parts:
        raise ValueError(
            f"{text!r} must not climb out of its folder with '..': write a path relative to it, or a whole one"
        )
    return text


FileName = Annotated[str, Field(min_length=1), AfterValidator(_relative)]
Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
Metres = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Month = Annotated[int, Field(ge=1, le=12)]
Year = Annotated[int, Field(ge=1900, le=2200)]


class Model(BaseModel):
    """Base of every model that is read from a file: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
