"""The tiny study with every name and sentence in Russian and Kazakh, and a passage that stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd

from tests.support.tiny_study import edit, write_tiny_study

__all__ = ["write_spoken_study"]

REGIONS = {
    "south_hills": ("Южные холмы", "Оңтүстік төбелер"),
    "south_plain": ("Южная равнина", "Оңтүстік жазық"),
    "north_park": ("Северный парк", "Солтүстік саябақ"),
    "north_lake": ("Берег озера", "Көл жағасы"),
}
FENCES = {"border_0": ("Пограничное заграждение", "Шекара қоршауы"), "inner_0": ("Внутренняя линия", "Ішкі сызық")}
SPECIES = {"walker": ("Ходок", "Жүргінші"), "digger": ("Копатель", "Қазғыш")}
SCENARIOS = {
    "closed": ("Граница закрыта", "Шекара жабық"),
    "free": ("Без заграждений", "Қоршаусыз"),
    "both": ("Обе линии", "Екі сызық та"),
}


def write_spoken_study(folder: Path) -> Path:
    """Write every file of the study; returns the folder."""
    study = write_tiny_study(folder, _spoken)
    for layer, names in (("regions", REGIONS), ("fences", FENCES)):
        frame = gpd.read_file(study / f"{layer}.gpkg", layer=layer)
        for number, lang in enumerate(("ru", "kk")):
            frame[f"name_{lang}"] = [names[one][number] for one in frame["id"]]
        (study / f"{layer}.gpkg").unlink()
        frame.to_file(study / f"{layer}.gpkg", layer=layer, driver="GPKG")
    for name, (russian, kazakh) in SPECIES.items():
        edit(study, "label", value={"en": name.title(), "ru": russian, "kk": kazakh}, file=f"{name}.yaml")
        edit(study, "assumptions", value=["Nobody was asked."], file=f"{name}.yaml")
        edit(study, "assumptions_ru", value=["Никого не спросили."], file=f"{name}.yaml")
        edit(study, "assumptions_kk", value=["Ешкімнен сұралған жоқ."], file=f"{name}.yaml")
    return study


def _spoken(settings: dict[str, Any]) -> None:
    settings |= {
        "title_ru": "Малое исследование",
        "title_kk": "Шағын зерттеу",
        "assumptions_ru": ["Всё здесь выдумано."],
        "assumptions_kk": ["Мұнда бәрі ойдан шығарылған."],
        "credits_ru": ["Никто"],
        "credits_kk": ["Ешкім"],
    }
    for name, (russian, kazakh) in SCENARIOS.items():
        settings["scenarios"][name] |= {"title_ru": russian, "title_kk": kazakh}
    settings["designs"]["wires_out"] |= {"title_ru": "нити сняты", "title_kk": "сымдар алынған"}
    settings["designs"]["bridge"] |= {"title": "footbridge", "title_ru": "мостик", "title_kk": "көпірше"}
    settings["uncertainty"] = {
        "parameters": [
            {"parameter": "rules.*", "excess": [0.5, 2], "together": "rule", "origin": "somebody's guess"},
            {"parameter": "use_factor.*", "odds": [0.333, 3], "together": "study", "origin": "assumption"},
        ]
    }
    settings["openings"] = [
        {
            "id": "old",
            "name": "Old crossing",
            "name_ru": "Старый переход",
            "name_kk": "Ескі өткел",
            "fence_line": "border",
            "design": "bridge",
            "lon": 56.2,
            "lat": 42.83,
            "months": [3, 4],
            "state": "planned",
        }
    ]
