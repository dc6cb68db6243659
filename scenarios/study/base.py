"""What every model of a settings file shares: frozen, unknown keys are errors, and the kinds of value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, Self, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from rasters.files.confined import fault_of_path
from scenarios.study.languages import LANGUAGES, OTHER_LANGUAGES

__all__ = [
    "LANGUAGES",
    "OTHER_LANGUAGES",
    "Amount",
    "FileName",
    "Identifier",
    "Latitude",
    "Longitude",
    "Metres",
    "Model",
    "Month",
    "Shape",
    "Weight",
    "Year",
    "in_other_languages",
    "without_words",
]


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """What a kind of value looks like, for people; stands in ``Annotated`` where limits alone do not tell.

    Parameters
    ----------
    words : str
        As after "should be"; empty where the limits tell it.
    example : Any
        A value that would be taken.
    """

    words: str
    example: Any


def _relative(text: str) -> str:
    if fault := fault_of_path(text):
        raise ValueError(f"{fault}; put the file, or a copy of it, beside the one that names it and write its name")
    return text


def _good_for_files(name: str) -> str:
    """Folders and files are called after it."""
    if fault := fault_of_path(name):
        raise ValueError(f"{fault}; choose another, as files are called after it")
    return name


FileName = Annotated[str, Field(min_length=1), AfterValidator(_relative), Shape("the name of a file", "north.gpkg")]
Identifier = Annotated[
    str,
    Field(pattern=r"^[a-z0-9][a-z0-9_-]*$"),
    AfterValidator(_good_for_files),
    Shape("a short name of small letters, digits, - and _, beginning with a letter or digit", "north_gate"),
]
Metres = Annotated[float, Field(gt=0, allow_inf_nan=False), Shape("", 1000)]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Month = Annotated[int, Field(ge=1, le=12)]
Year = Annotated[int, Field(ge=1900, le=2200), Shape("", 2024)]
Longitude = Annotated[float, Field(ge=-180, le=180), Shape("", 56.25)]
Latitude = Annotated[float, Field(ge=-90, le=90), Shape("", 43.5)]


@cache
def _takes_bool(kind: Any) -> bool:
    """Whether a kind of value may be true or false, or holds models, which look for themselves."""
    if get_origin(kind) is Literal:
        return any(isinstance(word, bool) for word in get_args(kind))
    if inner := get_args(kind):
        return any(_takes_bool(one) for one in inner if one is not Ellipsis)
    return kind in (bool, Any, None) or (isinstance(kind, type) and issubclass(kind, BaseModel))


def _spelt(value: Any) -> Any:
    """Plain data with ``yes`` and ``no`` for true and false."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return [_spelt(one) for one in value]
    return {key: _spelt(one) for key, one in value.items()} if isinstance(value, dict) else value


class Model(BaseModel):
    """Base of every model that is read from a file: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    example: ClassVar[str] = ""
    """YAML that would be taken, where the keys that must be there do not make one."""

    @model_validator(mode="before")
    @classmethod
    def _no_yes_for_numbers(cls, data: Any) -> Any:
        """``yes`` where only numbers belong goes on as text, which is no number: else it would count as 1."""
        if not isinstance(data, dict):
            return data
        kinds: dict[str, Any] = {name: field.annotation for name, field in cls.model_fields.items()}
        return {key: value if _takes_bool(kinds.get(key)) else _spelt(value) for key, value in data.items()}

    @model_validator(mode="after")
    def _translated(self) -> Self:
        """Sentences in another language are as many as those they translate."""
        for name in type(self).model_fields:
            said, own = getattr(self, name), getattr(self, _own_key(name), None)
            if name[-3:] in SUFFIXES and isinstance(said, list | tuple) and said and len(said) != len(own or ()):
                raise ValueError(
                    f"{name}: has {len(said)} rows, but {_own_key(name)} has {len(own or ())}; translate each, in order"
                )
        return self


SUFFIXES = tuple(f"_{lang}" for lang in OTHER_LANGUAGES)


def _own_key(name: str) -> str:
    """The key that one like ``title_ru`` translates."""
    return name[:-3]


def in_other_languages(model: Model, key: str, text: str = "") -> dict[str, dict[str, str]]:
    """Language -> text, or each sentence, as the model has it -> the same in that language, where it is given.

    Parameters
    ----------
    model : Model
    key : str
        Such as ``title``.
    text : str
        What people see where the model has nothing under the key.
    """
    own = getattr(model, key) or text
    found: dict[str, dict[str, str]] = {}
    for lang in OTHER_LANGUAGES:
        said = getattr(model, f"{key}_{lang}")
        pairs = zip([own], [said], strict=True) if isinstance(own, str) else zip(own, said, strict=bool(said))
        found[lang] = {one: other for one, other in pairs if one and other}
    return found


def without_words(names: Iterable[str]) -> set[str]:
    """Names of keys, and of those that translate them."""
    return {full for name in names for full in (name, *(f"{name}{suffix}" for suffix in SUFFIXES))}
