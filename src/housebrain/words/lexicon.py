"""The names that people have for rooms, and the words that carry no meaning of their own.

Names are written as `text.plain` leaves them: lower case, no accents, hyphens as gaps. Longer names come first, when
they are looked for, so `living dining` is not a `living`.
"""

import json
import re
from functools import cache
from importlib.resources import files

# Kind of room: its names as patterns. `living+dining` is two rooms that share a name.
ROOMS: dict[str, str] = {
    "living+dining": r"living (?:cum|/|and|-|plus)? ?dining(?: (?:room|hall|area|space))?|lounge (?:/ |and )?din(?:er|"
    r"ing)(?: room)?|"
    r"wohn (?:und |/ )?(?:essbereich|esszimmer|essraum)|wohnessbereich|l shaped living dining|"
    r"drawing (?:cum|/|and)? ?dining(?: (?:room|hall))?|"
    r"living dining|through lounge|combined living and dining(?: room| area)?",
    "kitchen+dining": r"kitchen (?:/ |and |cum )?din(?:er|ing)(?: (?:room|area|space))?|kitchen breakfast room|open "
    r"kitchen dining|kitchen diner|dining kitchen|"
    r"kitchen with (?:a )?dining(?: (?:room|area|space))?|essküche|esskuche",
    "living+kitchen+dining": r"open plan (?:kitchen|living),? ?(?:/ |and )?(?:living|kitchen|dining),? "
    r"?(?:/ |and )?(?:dining|living|kitchen)(?: (?:room|area|space))?|"
    r"kitchen ?/ ?dining ?/ ?living(?: room| area)?|living ?/ ?dining ?/ ?kitchen|living dining kitchen",
    "living+kitchen": r"wohnkuche|wohnkueche|kitchen (?:/ |and )?living(?: (?:room|area|space))|living kitchen|"
    r"kitchenlounge",
    "drawing_room": r"drawing (?:room|hall)s?|drawingroom|formal (?:living|lounge|sitting)(?: room| area)?|drawing",
    "family_room": r"(?:(?:family|tv|t v) (?:lounge|living|hall|sitting|area)(?: room| area)?)|(?:family|tv|t v|"
    r"media|play|games?|rec|recreation|bonus|theat(?:er|re)|home theat(?:er|re)|hobby|music|party|"
    r"entertainment|multi ?purpose|sun|garden|movie|yoga|meditation|fitness|exercise) ?(?:rooms?|"
    r"lounges?|area)|family (?:hall|living(?: room)?|sitting)|"
    r"second (?:living|lounge|reception|sitting)(?: room)?|2 nd living(?: room)?|upper (?:living|"
    r"lounge)|home theat(?:er|re)|home cinema|cinema(?: room)?|snug|playroom|gym(?:nasium)?|home gym|"
    r"bar(?: room)?|conservatory|sunroom|orangery|wintergarten|spielzimmer|"
    r"hobbyraum|fitnessraum|loft lounge|family lounge",
    "dining_room": r"dining (?:room|hall|area|space)s?|diningroom|dining|dinning(?: room| hall| area)?|formal "
    r"dining(?: room)?|breakfast (?:room|nook|area)|esszimmer|essbereich|dinette|"
    r"eating area",
    "living_room": r"living (?:room|hall|area|space)s?|livingroom|living|lounges?|sitting (?:room|area)s?|"
    r"great ?room|front room|reception (?:room)?s?|receptions?|"
    r"wohnzimmer|wohnraum|wohnbereich|stube|halls?(?! ?way)|baithak|l r",
    "kitchen": r"(?:open (?:plan )?|modular |eat in |island |chef'?s |gourmet |closed |separate |fitted |big |"
    r"large |small ){0,4}kitchens?(?: with (?:an? )?(?:kitchen )?island)?|kitchenette|kuche|kueche|"
    r"einbaukuche|rasoi|cook ?house|galley",
    "half_bath": r"(?:guest |downstairs |separate |extra |small |ground floor ){0,4}(?:half ?baths?(?:rooms?)?|"
    r"powder ?(?:rooms?|baths?)|(?<!\d)0?\.5 (?:baths?(?:rooms?)?|ba)|w ?c'?s?|water closets?|"
    r"cloak ?rooms?|gaste ?wc|gaeste ?wc|(?:guest|downstairs) toilets?|guest wc|guest loo|loo|lavatory|toilette)",
    "ensuite": r"(?:(?:with |having )?(?:an? |its own |their own |own |private |each ){0,4}(?:attached|att\.?|"
    r"en ?suite|adjoining|private) (?:with )?(?:bath(?:rooms?|s)?|toilets?|washrooms?|wc|shower "
    r"rooms?|shower|bathroom|t & b|bad))|"
    r"(?<=\d )(?:attached|att)(?= ?(?:,|and|\+|\)|/|$))|(?:master|primary|"
    r"principal) (?:en ?suite )?(?:bath(?:rooms?|s)?|toilets?)|ensuites?|en ?suites?(?: "
    r"bath(?:rooms?|s)?)?|bad en suite",
    "shared_bath": r"(?:common|family|shared|main|guest|hall|hallway|general|children'?s|kids?'?|jack and jill|"
    r"additional|extra|separate|another|1 more|outside) (?:bath(?:rooms?|s)?|toilets?|washrooms?|bad)"
    r"|"
    r"(?<=\d )common(?= ?(?:,|and|\+|\)|/|$))|familienbad|hauptbad|gastebad|gaestebad|duschbad|"
    r"kinderbad|shower rooms?|wet ?rooms?|zweites bad",
    "bathroom": r"(?:full |modern |western |indian |large |small |big |more |other |complete |luxury |spacious ){0,4}"
    r"(?:bath ?rooms?|baths?|bths?|bas?\b|bathroom'?s|toilets?|washrooms?|restrooms?|wash ?rooms?|"
    r"badezimmer|bader|baeder|vollbader|bad|"
    r"lavatories|latrines?|t\b|bath ?s)",
    "master_bedroom": r"(?:master|principal|primary|main|owner'?s) (?:bed ?rooms?|suites?|beds?|br|bdrms?|ensuite "
    r"bedroom|room)|masterbedroom|master|"
    r"elternschlafzimmer|hauptschlafzimmer|elternzimmer|mbr|mba",
    "guest_room": r"guest(?:s)? ?(?:bed ?rooms?|rooms?|suites?|beds?)|guestrooms?|gastezimmer|gaestezimmer|spare "
    r"(?:bed ?)?rooms?|visitors? room|mehman khana|"
    r"mother in law suite|in law suite|granny room|guest(?! ?(?:house|bath|toilet|wc|loo|wash|bad|dusch))",
    "named_bedroom": r"(?:kids?|kid'?s|kids'|child(?:ren)?'?s?|sons?|son'?s|daughters?|daughter'?s|boys?|girls?|"
    r"parents?|parents'|parent'?s|teen(?:ager)?s?|elders?|grandparents?'?|grand ?ma'?s|nursery|"
    r"mother'?s|baby)'? ?(?:'s )?(?:bed ?rooms?|rooms?|beds?)|nursery|kinderzimmer|jugendzimmer|childrens room",
    "servant": r"(?:servants?|maids?|maid'?s|servant'?s|driver'?s?|helper'?s?|domestic help|staff|au pair|"
    r"watchman) ?(?:'s )?(?:room|quarters?|bedroom)s?",
    "bedroom": r"(?:double |single |twin |large |big |small |spacious |good sized |decent |more |other |"
    r"additional |further |extra |regular |standard |normal |secondary |common |smaller |good |size |"
    r"king size |queen size |nice |bright ){0,4}"
    r"(?:bed ?rooms?|bed ?roomed|bedded|bedder|bdrms?|brs?\b|bds?\b|beds?\b|"
    r"schlafzimmer|schlafraume|sleeping rooms?|bed room'?s|kamr(?:[ae]|on))",
    "utility": r"utility(?: (?:room|area|space|balcony))?|utilities|wash(?:ing)? (?:area|yard|space)|"
    r"mud ?rooms?|boot ?rooms?|hauswirtschaftsraum|hwr|technikraum|plant room|service (?:area|yard)|"
    r"scullery|"
    r"dirty kitchen|wet kitchen|heizungsraum|technik|work area|hobbyraum ",
    "laundry": r"laundry(?: (?:room|area|space))?|laundries|waschkuche|waschkueche|waschraum|washing room|dhobi "
    r"(?:room|area)",
    "home_office": r"(?:home |small |work |private ){0,4}(?:offices?(?: rooms?| space)?)|study(?: (?:room|area|"
    r"nook))?s?|studies|dens?|librar(?:y|ies)|work ?(?:space|room|station)|wfh (?:room|space|office)|"
    r"computer room|"
    r"arbeitszimmer|buro|buero|homeoffice|reading (?:room|area|nook)|reading room|studio room",
    "box_room": r"box ?rooms?",
    "store": r"stor(?:e|age)(?: (?:rooms?|space|area))?|storerooms?|store ?rooms?|(?:walk ?in )?pantry|"
    r"pantries|larder|lumber room|go ?down|box storage|abstellraum|abstellkammer|speisekammer|"
    r"vorratsraum|lagerraum|linen (?:closet|cupboard)|stores?",
    "walk_in": r"(?:with (?:a )?)?(?:walk ?in |walkin )(?:closets?|wardrobes?|robes?)|wic\b|dressing(?: (?:room|"
    r"area))?s?|closet room|ankleide(?:zimmer|raum|bereich)?|walk ?in",
    "pooja": r"(?:pooja|puja|pooj|pujaa|poja|prayer|mandir|devghar|dev ghar|worship|namaz|devara|god|thakur|"
    r"prarthana)(?: ?/ ?(?:pooja|puja|prayer|mandir))? ?(?:rooms?|ghar|space|area|mandir|unit|corner|"
    r"place|mane)?|poojaroom|home temple|small temple|temple room",
    "balcony": r"balcon(?:y|ies|ys)|balcany|balkone?n?|french balcony|loggia",
}
# Things of a house that a brief has no place for: said, and not built.
LEFT_OUT = (
    r"(?:swimming )?pools?|(?:front |back |rear |kitchen |roof |terrace |small |big |large |nice ){0,4}"
    r"(?:gardens?|garten|lawns?|(?:back|front|side|court) ?yards?|landscap\w+)|lifts?|elevators?|"
    r"aufzug|terraces?|terrasse|roof ?top|porch(?:es)?|wrap ?around|verandah?s?|"
    r"patios?|decks?|sit ?outs?|courtyards?|court ?yard|open courtyard|fireplaces?|chimney|kamin|"
    r"solar(?: (?:panels?|roof|heater))?|photovoltai\w+|pv|heat pump|warmepumpe|waermepumpe|"
    r"rain ?water(?: harvesting)?|bore ?wells?|septic(?: tank)?|sump|water tank|"
    r"overhead tank|bay windows?|skylights?|vaulted ceilings?|high ceilings?|double height|false "
    r"ceiling|(?:modular )?wardrobes?|built in closets?|closets?|laundry chute|wheelchair|"
    r"accessib\w+|barrierefrei|"
    r"ev charg\w+|sauna|jacuzzi|bath ?tubs?|hot tub|outhouse|shed|stables?|barn(?! ?(?:style|"
    r"conversion))|workshop|bike (?:parking|store|shed)|two wheeler parking|bicycle\w*|cattle shed|"
    r"servant toilet|driveway(?: for \d+ cars)?|compound wall|boundary wall|fence|gate|main gate|"
    r"rental unit|shops?|mezzanine|double glazing|underfloor heating|fussbodenheizung|insulation|"
    r"kfw\s?\d*|passivhaus|(?:wood|log) (?:burn(?:er|ing stove)|stove)s?|airing cupboards?|"
    r"effizienzhaus|central heating|air ?con\w*|a/c|hvac|smart home|windows?|"
    r"doors?|natural light|ventilation|cross ventilation|sunlight|light|views?"
)
# The solver makes these by itself.
MADE = (
    r"stair(?:s|case|cases)?|staircase block|internal stairs|treppe|treppenhaus|hall ?ways?|"
    r"corridors?|passages?|foyers?|entr(?:y|ance)(?: (?:hall|foyer|lobby))|lobb(?:y|ies)|flur|diele|"
    r"eingangsbereich|vestibule|landing"
)
# What is no house for one family.
NO_HOUSE = (
    r"hotels?|hostels?|schools?|hospitals?|malls?|warehouses?|factor(?:y|ies)|office (?:building|"
    r"tower|block)s?|skyscrapers?|stadiums?|airports?|church(?:es)?|mosques?|supermarkets?|"
    r"restaurants?|cinema hall|"
    r"apartment (?:building|block|complex|tower)s?|block of flats|mehrfamilienhaus|"
    r"zweifamilienh\w*|multi ?family\w*|(?:2|3|4) family (?:house|home)s?|rental building|"
    r"parking lot|spaceships?|castles?|tree ?houses?|dog ?houses?|bird ?houses?|green ?houses?|"
    r"submarines?|resorts?|clinics?"
)
HOUSE = (
    r"houses?|homes?|villas?|bungalows?|cottages?|residences?|residential|makaan|makan|ghar|kothi|"
    r"haveli|haus|hauser|einfamilienhaus|efh|wohnhaus|stadtvilla|neubau|fertighaus|property|dwelling|"
    r"cabin|chalet|independent|detached|freestehend\w*|"
    r"family (?:home|house)|farm ?house|mansion|building|construction|construct\w*|floor ?plans?|"
    r"plans?|layouts?|designs?|elevation|map|naksha|blueprint|drawing|grundriss|bau\w*|"
    r"apartments?|flats?|self build|new build|newbuild|build|builder floor|simplex|penthouse|"
    r"row ?house|town ?(?:house|home)s?|terraced|semi(?: detached)?|reihenhaus|doppelhaushalfte|"
    r"doppelhaus|mid terrace|end terrace|starter home|tiny house|guest ?house|granny (?:flat|annexe?)|annexe?|adu|"
    r"\w*haus"
)


@cache
def common(name: str) -> frozenset[str]:
    """A list of `common.json`.

    Args:
        name: `stop`, words that carry no meaning of their own; `right`, words that are spelt as they should be, however
            near they come to one that is read; `read`, words that readers look for besides the names of rooms;
            `places`, names of places that are words as well.
    """
    content = json.loads(files(__package__).joinpath("common.json").read_text(encoding="utf-8"))
    return frozenset(" ".join(content[name]).split())


@cache
def vocabulary() -> frozenset[str]:
    """Every word of five letters or more that is read, for finding what a misspelt one was meant to be."""
    patterns = "|".join((*ROOMS.values(), LEFT_OUT, MADE, NO_HOUSE, HOUSE))
    words = {word for word in common("passed_over") if len(word) >= 5 and word.isalpha()} | common("read")
    for spelt in (re.sub(r"[a-z' ]\?", "", patterns), re.sub(r"([a-z' ])\?", r"\1", patterns)):
        words |= set(re.findall(r"(?<![a-z\\])[a-z]{5,}(?=$|[ |)])", spelt))
    return frozenset(words)
