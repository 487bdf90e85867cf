"""Tests for housebrain.words.places: which words are a place, and which place a name is."""

import pytest

from housebrain.house.brief import Brief
from housebrain.report.designed import print_read
from housebrain.words.read import read_words


def _brief(words: str, **flags: object) -> Brief:
    return read_words(words, **flags).brief


@pytest.mark.parametrize(
    "words",
    [
        "raised ranch 3 bed 2 bath, 60x100 lot",
        "3 bed raised, 60x100 lot",
        "4 bhk with 2 kitchens, 40x60",
        "2 bed thatched cottage, 10x20 m",
        "3 bed house with kennel 30x40",
        "3 bed house with a room for the gardener, 30x40",
        "3 bedroom house with walnut cabinets, 2000 sq ft",
        "3 bed bath",
        "3 bed 2 bath £600k",
    ],
)
def test_usual_words_are_no_places(words: str) -> None:
    assert _brief(words).city is None


@pytest.mark.parametrize(
    ("words", "region", "city"),
    [
        ("3bhk 30x40 Bangalroe", "Asia_India", "Bangalore"),
        ("3bhk in Hyderbad", "Asia_India", "Hyderabad"),
        ("3bhk 30x40 near temple, Tirupati", "Asia_India", "Tirupati"),
        ("3 bed bungalow Norfolk", "EU_UK", "Norfolk"),
        ("3 bed 2 bath Norfolk", "US_Southeast", "Norfolk"),
        ("3 bed semi Lancaster", "EU_UK", "Lancaster"),
        ("3 bed house Windsor", "EU_UK", "Windsor"),
        ("3 bed house Kent", "EU_UK", "Kent"),
        ("5 bed house Dublin", "EU_UK", "Dublin"),
        ("3 bed house Dublin, Ohio", "US_Midwest", "Dublin"),
        ("4 bed house Richmond, £800k", "EU_UK", "Richmond"),
        ("4 bedroom house Richmond, $800k", "US_Southeast", "Richmond"),
        ("4 bed Wellington New Zealand", "Asia_Australia", "Wellington"),
        ("4 bed house London, Ontario", "US_Northeast", "London"),
        ("4 bed house Ontario, California", "US_West", "Ontario"),
        ("4 bed house Bath £600k", "EU_UK", "Bath"),
        ("3 bed Utah", "US_West", None),
    ],
)
def test_a_name_is_the_place_that_is_meant(words: str, region: str, city: str | None) -> None:
    brief = _brief(words)
    assert (brief.region, brief.city) == (region, city)


def test_a_misspelt_city_is_noted() -> None:
    assert ("spelling", "hyderabad", "of 'hyderbad'") in read_words("3bhk in Hyderbad").assumed


@pytest.mark.parametrize(
    ("words", "beside"),
    [
        ("3 bed bungalow with granny flat, Cornwall", "granny flat"),
        ("3 bed house with guest house, Austin", "guest house"),
        ("ADU in back yard, 3 bed 2 bath, Los Angeles", "adu"),
        ("granny flat, 1 bed", None),
        ("2 bed ADU in Los Angeles", None),
        ("1 bed guest house", None),
    ],
)
def test_what_stands_beside_the_house_is_left_out(words: str, beside: str | None) -> None:
    left_out = {one.field for one in read_words(words).assumed if one.value == "left out"}
    assert left_out & {"granny flat", "guest house", "adu"} == ({beside} if beside else set())


def test_flags_take_numbers_in_words() -> None:
    words = "house on a 60x100 plot, Austin"
    brief = _brief(words, floors="two", bedrooms="three", bathrooms="two and a half")
    assert (brief.floors, brief.bedrooms, brief.bathrooms) == (2, 3, 3)


def test_the_screen_names_the_city(capsys: pytest.CaptureFixture[str]) -> None:
    print_read(_brief("3bhk 40x60 Bengaluru"), [], [])
    assert "; Bengaluru, Asia_India, Temperate;" in capsys.readouterr().out.replace("\n", " ")
    print_read(_brief("3bhk 40x60"), [], [])
    assert "; Asia_India, " in capsys.readouterr().out.replace("\n", " ")
