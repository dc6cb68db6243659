"""Vector files that people bring: formats by their first bytes, text in its code, and nothing that does harm."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import pyogrio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rasters.errors import DataError, LayerNotFoundError
from rasters.files.foreign import MOST_BYTES, read_foreign
from rasters.files.text_codes import code_named, decoded, guessed
from tests.support.foreign_files import fence, frame, kml, kml_line, mark, saved

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
KML = kml(mark("Fence", kml_line(fence())))
BOMB = '<!DOCTYPE kml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'


def archive(path: Path, **files: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as whole:
        for name, content in files.items():
            whole.writestr(name.replace("_", "."), content)
    return path


def zeros(path: Path) -> Path:
    """A KMZ of a few hundred kilobytes that unpacks to more than is read."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as whole,
        whole.open("doc.kml", "w", force_zip64=True) as file,
    ):
        for _ in range(MOST_BYTES // 2**20 + 1):
            file.write(bytes(2**20))
    return path


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


HARMFUL = {
    "entities": ("a.kml", KML.replace("<kml", f"{BOMB}<kml").encode(), "declares a document type"),
    "outside entity": (
        "a.gpx",
        b'<!DOCTYPE gpx SYSTEM "file:///etc/passwd"><gpx version="1.1"/>',
        "declares a document type",
    ),
    "nested": ("a.kml", (b"<kml>" + b"<Folder>" * 5000 + b"</Folder>" * 5000 + b"</kml>"), "nested more than"),
    "cut off": ("a.kml", KML[:-20].encode(), "is not well-formed XML"),
    "another code": ("a.kml", kml(mark("Ограда", kml_line(fence()))).encode("cp1251"), "save it as UTF-8"),
    "UTF-16": ("a.kml", KML.encode("utf-16"), "is UTF-16"),
    "a VRT": ("a.kml", b"<OGRVRTDataSource><OGRVRTLayer name='x'/></OGRVRTDataSource>", "not a vector file"),
    "a map service": ("a.geojson", b"<GDAL_WMS></GDAL_WMS>", "not a vector file"),
    "another's rows": (
        "a.tab",
        b'!table\n!version 300\nOpen Table "/etc/other" Hide\nType NATIVE',
        "stands for others",
    ),
    "linked rows": ("a.tab", b"!table\n!version 300\nDefinition Table\n  Type LINKED", "stands for others"),
    "a DWG": ("a.dxf", b"AC1027\0\0", "is a DWG drawing"),
    "a binary DXF": ("a.dxf", b"AutoCAD Binary DXF\r\n\x1a\0", "is a binary DXF"),
    "gzip": ("a.geojson", gzip.compress(b"{}"), "packed with gzip"),
    "nothing": ("a.gpx", b"", "not a vector file"),
    "a part": ("a.dbf", b"\x03", "give its .shp file"),
    "no rows": ("a.shp", b"\x00\x00\x27\x0a" + bytes(96), "cannot be read as Shapefile"),
    "torn": ("a.gpkg", b"SQLite format 3\x00" + bytes(100), "cannot be read as GeoPackage"),
    "a damaged archive": ("a.kmz", b"PK\x03\x04" + bytes(40), "damaged or locked"),
}


@pytest.mark.parametrize(("name", "content", "said"), HARMFUL.values(), ids=HARMFUL)
def test_what_does_harm_or_is_damaged_is_one_error(name: str, content: bytes, said: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=said):
        read_foreign(written(tmp_path / name, content))


def test_archives_are_opened_with_measure(tmp_path: Path) -> None:
    bomb = zeros(tmp_path / "bomb.kmz")
    assert bomb.stat().st_size < 2**20
    with pytest.raises(DataError, match="unpacks to more than 256 MiB"):
        read_foreign(bomb)
    with pytest.raises(DataError, match="without a KML document"):
        read_foreign(archive(tmp_path / "a.kmz", a_shp=b"x"))
    with pytest.raises(DataError, match="declares a document type"):
        read_foreign(archive(tmp_path / "b.kmz", doc_kml=KML.replace("<kml", f"{BOMB}<kml").encode()))
    found = read_foreign(archive(tmp_path / "c.kmz", doc_kml=KML.encode(), more_kml=b"<kml/>"))
    assert found.kind == "KMZ" and len(found.layers[0].frame) == 1 and "1 further documents" in found.notes[0]


def test_a_name_decides_nothing(tmp_path: Path) -> None:
    path = saved("fences.gpkg", "GPKG", ("fences", frame([fence()])))(tmp_path)
    assert read_foreign(path.rename(tmp_path / "fences.gpx")).kind == "GeoPackage"
    assert read_foreign(written(tmp_path / "a.json", KML.encode())).kind == "KML"
    with pytest.raises(LayerNotFoundError, match=r"like it there: fences\.gpx"):
        read_foreign(tmp_path / "fence.gpx")


def test_a_shapefile_without_its_index_is_read_and_left_as_it_is(tmp_path: Path) -> None:
    path = saved("a.shp", "ESRI Shapefile", ("a", frame([fence()], name=["x"])))(tmp_path)
    path.with_suffix(".shx").unlink()
    before = sorted(one.name for one in tmp_path.iterdir())
    assert len(read_foreign(path).layers[0].frame) == 1
    assert sorted(one.name for one in tmp_path.iterdir()) == before
    assert pyogrio.get_gdal_config_option("SHAPE_RESTORE_SHX") is None


RUSSIAN = st.text(
    st.sampled_from("абвгдежзийклмнопрстуфхцчшщъыьэюяАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЭЮЯ"), min_size=4, max_size=12
)
WORDS = st.lists(RUSSIAN, min_size=2, max_size=6).map(" ".join)


@given(WORDS, st.sampled_from(["utf-8", "cp1251"]))
def test_russian_words_are_told_from_other_codes(words: str, code: str) -> None:
    assert guessed([words.encode(code), b"plain"]) == code
    assert decoded(words.encode(code), code) == words


@given(st.text(min_size=1, max_size=60), st.integers(0, 200))
def test_a_character_cut_off_by_the_width_of_a_column_does_not_hide_utf8(words: str, width: int) -> None:
    cut = words.encode("utf-8", "ignore")[:width]
    assert guessed([cut]) in ("utf-8", "ascii")
    assert words.encode("utf-8", "ignore").decode().startswith(decoded(cut, "utf-8"))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Пограничная ограда Каплан", "cp866"),
        ("Grenzzäunchen über die Höhe", "cp1252"),
        ("Clôture de la frontière", "cp1252"),
        ("plain", "ascii"),
    ],
)
def test_other_codes(text: str, code: str) -> None:
    assert guessed([text.encode(code)]) == code


def test_codes_have_many_names() -> None:
    for name in ("1251", "cp1251", "ANSI 1251", "windows-1251", "CP 1251\n"):
        assert code_named(name, "x") == "cp1251"
    assert code_named("65001", "x") == code_named("UTF8", "x") == "utf-8"
    with pytest.raises(DataError, match=r"a.cpg: 'klingon' is no encoding"):
        code_named("klingon", "a.cpg")
