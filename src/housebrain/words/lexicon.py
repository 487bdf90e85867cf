"""The names that people have for rooms, and the words that carry no meaning of their own.

Names are written as `text.plain` leaves them: lower case, no accents, hyphens as gaps. Longer names come first when they
are looked for, so `living dining` is not a `living`.
"""

import re
from functools import cache

# Kind of room: its names as patterns. `living+dining` is two rooms that share a name.
ROOMS: dict[str, str] = {
    "living+dining": r"living (?:cum|/|and|-|plus)? ?dining(?: (?:room|hall|area|space))?|lounge (?:/ |and )?din(?:er|ing)(?: room)?|"
    r"wohn (?:und |/ )?(?:essbereich|esszimmer|essraum)|wohnessbereich|l shaped living dining|drawing (?:cum|/|and)? ?dining(?: (?:room|hall))?|"
    r"living dining|through lounge|combined living and dining(?: room| area)?",
    "kitchen+dining": r"kitchen (?:/ |and |cum )?din(?:er|ing)(?: (?:room|area|space))?|kitchen breakfast room|open kitchen dining|kitchen diner|dining kitchen|"
    r"kitchen with (?:a )?dining(?: (?:room|area|space))?|essküche|esskuche",
    "living+kitchen+dining": r"open plan (?:kitchen|living),? ?(?:/ |and )?(?:living|kitchen|dining),? ?(?:/ |and )?(?:dining|living|kitchen)(?: (?:room|area|space))?|"
    r"kitchen ?/ ?dining ?/ ?living(?: room| area)?|living ?/ ?dining ?/ ?kitchen|living dining kitchen",
    "living+kitchen": r"wohnkuche|wohnkueche|kitchen (?:/ |and )?living(?: (?:room|area|space))|living kitchen|kitchenlounge",
    "drawing_room": r"drawing (?:room|hall)s?|drawingroom|formal (?:living|lounge|sitting)(?: room| area)?|drawing",
    "family_room": r"(?:(?:family|tv|t v) (?:lounge|living|hall|sitting|area)(?: room| area)?)|(?:family|tv|t v|media|play|games?|rec|recreation|bonus|theat(?:er|re)|home theat(?:er|re)|hobby|music|party|entertainment|multi ?purpose|sun|garden|movie|yoga|meditation|fitness|exercise) ?(?:rooms?|lounges?|area)|family (?:hall|living(?: room)?|sitting)|"
    r"second (?:living|lounge|reception|sitting)(?: room)?|2 nd living(?: room)?|upper (?:living|lounge)|home theat(?:er|re)|home cinema|cinema(?: room)?|snug|playroom|gym(?:nasium)?|home gym|bar(?: room)?|conservatory|sunroom|orangery|wintergarten|spielzimmer|"
    r"hobbyraum|fitnessraum|loft lounge|family lounge",
    "dining_room": r"dining (?:room|hall|area|space)s?|diningroom|dining|dinning(?: room| hall| area)?|formal dining(?: room)?|breakfast (?:room|nook|area)|esszimmer|essbereich|dinette|"
    r"eating area",
    "living_room": r"living (?:room|hall|area|space)s?|livingroom|living|lounges?|sitting (?:room|area)s?|great ?room|front room|reception (?:room)?s?|receptions?|"
    r"wohnzimmer|wohnraum|wohnbereich|stube|halls?(?! ?way)|baithak|l r",
    "kitchen": r"(?:open (?:plan )?|modular |eat in |island |chef'?s |gourmet |closed |separate |fitted |big |large |small )*kitchens?(?: with (?:an? )?(?:kitchen )?island)?|kitchenette|kuche|kueche|"
    r"einbaukuche|rasoi|cook ?house|galley",
    "half_bath": r"(?:guest |downstairs |separate |extra |small |ground floor )*(?:half ?baths?(?:rooms?)?|powder ?(?:rooms?|baths?)|(?<!\d)0?\.5 (?:baths?(?:rooms?)?|ba)|w ?c'?s?|water closets?|cloak ?rooms?|gaste ?wc|gaeste ?wc|guest toilets?|guest wc|guest loo|loo|lavatory|toilette)",
    "ensuite": r"(?:(?:with |having )?(?:an? |its own |their own |own |private |each )*(?:attached|att\.?|en ?suite|adjoining|private) (?:with )?(?:bath(?:rooms?|s)?|toilets?|washrooms?|wc|shower rooms?|shower|bathroom|t & b|bad))|"
    r"(?<=\d )(?:attached|att)(?= ?(?:,|and|\+|\)|/|$))|(?:master|primary|principal) (?:en ?suite )?(?:bath(?:rooms?|s)?|toilets?)|ensuites?|en ?suites?(?: bath(?:rooms?|s)?)?|bad en suite",
    "shared_bath": r"(?:common|family|shared|main|guest|hall|hallway|general|children'?s|kids?'?|jack and jill|additional|extra|separate|another|1 more|outside) (?:bath(?:rooms?|s)?|toilets?|washrooms?|bad)|"
    r"(?<=\d )common(?= ?(?:,|and|\+|\)|/|$))|familienbad|hauptbad|gastebad|gaestebad|duschbad|kinderbad|shower rooms?|wet ?rooms?|zweites bad",
    "bathroom": r"(?:full |modern |western |indian |large |small |big |more |other |complete |luxury |spacious )*(?:bath ?rooms?|baths?|bths?|bas?\b|bathroom'?s|toilets?|washrooms?|restrooms?|wash ?rooms?|badezimmer|bader|baeder|vollbader|bad|"
    r"lavatories|latrines?|t\b|bath ?s)",
    "master_bedroom": r"(?:master|principal|primary|main|owner'?s) (?:bed ?rooms?|suites?|beds?|br|bdrms?|ensuite bedroom|room)|masterbedroom|master|"
    r"elternschlafzimmer|hauptschlafzimmer|elternzimmer|mbr|mba",
    "guest_room": r"guest(?:s)? ?(?:bed ?rooms?|rooms?|suites?|beds?)|guestrooms?|gastezimmer|gaestezimmer|spare (?:bed ?)?rooms?|visitors? room|mehman khana|"
    r"mother in law suite|in law suite|granny room|guest(?! ?(?:bath|toilet|wc|loo|wash|bad|dusch))",
    "named_bedroom": r"(?:kids?|kid'?s|kids'|child(?:ren)?'?s?|sons?|son'?s|daughters?|daughter'?s|boys?|girls?|parents?|parents'|parent'?s|teen(?:ager)?s?|elders?|grandparents?'?|grand ?ma'?s|nursery|"
    r"mother'?s|baby)'? ?(?:'s )?(?:bed ?rooms?|rooms?|beds?)|nursery|kinderzimmer|jugendzimmer|childrens room",
    "servant": r"(?:servants?|maids?|maid'?s|servant'?s|driver'?s?|helper'?s?|domestic help|staff|au pair|watchman) ?(?:'s )?(?:room|quarters?|bedroom)s?",
    "bedroom": r"(?:double |single |twin |large |big |small |spacious |good sized |decent |more |other |additional |further |extra |regular |standard |normal |secondary |common |smaller |good |size |king size |queen size |nice |bright )*"
    r"(?:bed ?rooms?|bedded|bedder|bdrms?|brs?\b|bds?\b|beds?\b|schlafzimmer|schlafraume|sleeping rooms?|bed room'?s)",
    "utility": r"utility(?: (?:room|area|space|balcony))?|utilities|wash(?:ing)? (?:area|yard|space)|mud ?rooms?|boot ?rooms?|hauswirtschaftsraum|hwr|technikraum|plant room|service (?:area|yard)|scullery|"
    r"dirty kitchen|wet kitchen|heizungsraum|technik|work area|hobbyraum ",
    "laundry": r"laundry(?: (?:room|area|space))?|laundries|waschkuche|waschkueche|waschraum|washing room|dhobi (?:room|area)",
    "home_office": r"(?:home |small |work |private )*(?:offices?(?: rooms?| space)?)|study(?: (?:room|area|nook))?s?|studies|dens?|librar(?:y|ies)|work ?(?:space|room|station)|wfh (?:room|space|office)|computer room|"
    r"arbeitszimmer|buro|buero|homeoffice|reading (?:room|area|nook)|reading room|studio room",
    "box_room": r"box ?rooms?",
    "store": r"stor(?:e|age)(?: (?:rooms?|space|area))?|storerooms?|store ?rooms?|(?:walk ?in )?pantry|pantries|larder|lumber room|go ?down|box storage|abstellraum|abstellkammer|speisekammer|vorratsraum|lagerraum|linen (?:closet|cupboard)|stores?",
    "walk_in": r"(?:with (?:a )?)?(?:walk ?in |walkin )(?:closets?|wardrobes?|robes?)|wic\b|dressing(?: (?:room|area))?s?|closet room|ankleide(?:zimmer|raum|bereich)?|walk ?in",
    "pooja": r"(?:pooja|puja|pooj|pujaa|poja|prayer|mandir|devghar|dev ghar|worship|namaz|devara|god|thakur|prarthana)(?: ?/ ?(?:pooja|puja|prayer|mandir))? ?(?:rooms?|ghar|space|area|mandir|unit|corner|place|mane)?|poojaroom|home temple|small temple|temple room",
    "balcony": r"balcon(?:y|ies|ys)|balcany|balkone?n?|french balcony|loggia",
}  # fmt: skip
# Things of a house that a brief has no place for: said, and not built.
LEFT_OUT = (
    r"(?:swimming )?pools?|(?:front |back |rear |kitchen |roof |terrace |small |big |large |nice )*(?:gardens?|garten|lawns?|(?:back|front|side|court) ?yards?|landscap\w+)|lifts?|elevators?|aufzug|terraces?|terrasse|roof ?top|porch(?:es)?|wrap ?around|verandah?s?|"
    r"patios?|decks?|sit ?outs?|courtyards?|court ?yard|open courtyard|fireplaces?|chimney|kamin|solar(?: (?:panels?|roof|heater))?|photovoltai\w+|pv|heat pump|warmepumpe|waermepumpe|rain ?water(?: harvesting)?|bore ?wells?|septic(?: tank)?|sump|water tank|"
    r"overhead tank|bay windows?|skylights?|vaulted ceilings?|high ceilings?|double height|false ceiling|(?:modular )?wardrobes?|built in closets?|closets?|laundry chute|wheelchair|accessib\w+|barrierefrei|"
    r"ev charg\w+|sauna|jacuzzi|bath ?tubs?|hot tub|outhouse|shed|stables?|barn(?! ?(?:style|conversion))|workshop|bike (?:parking|store|shed)|two wheeler parking|bicycle\w*|cattle shed|servant toilet|driveway|compound wall|boundary wall|fence|gate|main gate|"
    r"rental unit|shops?|mezzanine|double glazing|underfloor heating|fussbodenheizung|insulation|kfw\s?\d*|passivhaus|effizienzhaus|central heating|air ?con\w*|a/c|hvac|smart home|windows?|doors?|natural light|ventilation|cross ventilation|sunlight|light|views?"
)  # fmt: skip
# The solver makes these by itself.
MADE = r"stair(?:s|case|cases)?|staircase block|internal stairs|treppe|treppenhaus|hall ?ways?|corridors?|passages?|foyers?|entr(?:y|ance)(?: (?:hall|foyer|lobby))|lobb(?:y|ies)|flur|diele|eingangsbereich|vestibule|landing"
# What is no house for one family.
NO_HOUSE = (
    r"hotels?|hostels?|schools?|hospitals?|malls?|warehouses?|factor(?:y|ies)|office (?:building|tower|block)s?|skyscrapers?|stadiums?|airports?|church(?:es)?|mosques?|supermarkets?|restaurants?|cinema hall|"
    r"apartment (?:building|block|complex|tower)s?|block of flats|mehrfamilienhaus|multi ?family\w*|parking lot|spaceships?|castles?|tree ?houses?|dog ?houses?|bird ?houses?|green ?houses?|submarines?|resorts?|clinics?"
)  # fmt: skip
HOUSE = (
    r"houses?|homes?|villas?|bungalows?|cottages?|residences?|residential|makaan|makan|ghar|kothi|haveli|haus|hauser|einfamilienhaus|efh|wohnhaus|stadtvilla|neubau|fertighaus|property|dwelling|cabin|chalet|independent|detached|freestehend\w*|"
    r"family (?:home|house)|farm ?house|mansion|building|construction|construct\w*|floor ?plans?|plans?|layouts?|designs?|elevation|map|naksha|blueprint|drawing|grundriss|bau\w*|"
    r"apartments?|flats?|self build|new build|newbuild|build|builder floor|simplex|penthouse|row ?house|town ?(?:house|home)s?|terraced|semi(?: detached)?|reihenhaus|doppelhaushalfte|doppelhaus|mid terrace|end terrace|starter home|tiny house|granny (?:flat|annexe?)|annexe?|adu|\w*haus"
)  # fmt: skip
STOP = frozenset(
    """
    a an the and or of for with without in on at to by from as is are be was were it its this that these those there here i we me us my our you your
    he she they them their his her want wants wanted need needs needed would like looking look make made making create give get please plz pls
    kindly can could should will shall may might must have has had having do does did am im ive id hi hello hey dear sir madam thanks thank regards
    namaste guten tag bitte danke mochte moechte wir ich ein eine einen einem einer eines der die das den dem des und oder mit auf fur fuer zu zum zur
    von vom bei nach sind soll sollen sollte hat haben hatte gerne brauche brauchen suche suchen plane planen plan auch noch als aber insgesamt ca circa etwa davon
    je pro inkl inklusive plus incl including include includes included also only just about around approx approximately roughly total overall each every all
    both any some few more most less least than other another one extra additional further separate attached detached single double big small large
    spacious nice good beautiful simple compact comfortable cozy cosy lovely bright airy new full complete proper decent normal standard regular medium
    ideal perfect best low high open plan planned concept layout space spaces area areas size sized sizes room rooms zimmer zimmern place plot plots site land lot lots grundstuck grundstueck
    baugrundstuck parcel piece facing side sides floor floors storey story level levels family families person persons people members member kids kid children child
    parents couple wife husband son daughter grandparents old young own dream future first time modern-day which where who whose what when how so such if then
    but not no yes ok okay up down out into over under between within per via using use used based due type types kind style styled styles look looks feel touch design designs
    designed designer idea ideas option options available possible possibly preferably prefer preferred preference required requirement requirements requires require suggest
    help needed build building built construct constructed construction live living stay move working work retired ki ka ke mein chahiye hai aur ek liye par sq bhk
    near road street entrance entry main front rear back left right top bottom corner budget cost price money loan currently now soon next year years
    wide width long length deep depth dimension dimensions measuring measure measures breit tief lang gross grosse flache wohnflache wohnflaeche etwas wohnung garage
    compliant compliance per according accordance principles rules vaastu rest least max maximum min minimum upto exactly etc ie eg vs thats its dont don't re
    am gegen uber ueber unter ohne kein keine keinen sowie zwischen durch sehr kleine kleines kleiner grosses grosser grosses schone schones neues neue neuer stadt dorf land
    city town village suburb suburbs suburban rural urban area outskirts downtown neighborhood neighbourhood locality sector phase block colony nagar layout district county state region country
    ground self two's one's x nos no's no. numbers number pcs units unit lets let's let plan's ours it's i'm we're i'd we'd we've i've theres there's ll s t d m ve
    enough minimal sufficient provision provide provided facility facilities usage multiple various together along next adjacent adjoining connected connecting opening opens
    always really very much quite well too still ever never maybe perhaps somewhere anywhere everything something anything anyone someone everybody us all-in
    planning rental wfh joint outside buyer tiny modest hose purpose actually own use home bound easy access accessible convenient lots plenty bit lot little proper style-ish ish yeah sure right so kindly request requesting
    share shared send show draw generate tell find ready turnkey vacant empty available owned own bought purchased buying have got gotten
    """.split()
)  # fmt: skip


@cache
def vocabulary() -> frozenset[str]:
    """Every word of five letters or more that is read, for finding what a misspelt one was meant to be."""
    patterns = "|".join((*ROOMS.values(), LEFT_OUT, MADE, NO_HOUSE, HOUSE))
    words = {word for word in STOP if len(word) >= 5 and word.isalpha()}
    for spelt in (re.sub(r"[a-z' ]\?", "", patterns), re.sub(r"([a-z' ])\?", r"\1", patterns)):
        words |= set(re.findall(r"(?<![a-z\\])[a-z]{5,}(?=$|[ |)])", spelt))
    words |= set(
        "bedroom bedrooms bathroom bathrooms toilet toilets kitchen living dining garage garages balcony balconies study utility laundry "
        "integral actually storey storeys story stories floors floor ground duplex triplex facing corner north south east west northeast northwest southeast "
        "southwest budget lakhs crore crores million thousand dollars pounds euros rupees square metre metres meter meters feet yards marla "
        "kanal acre acres hectare cents traditional contemporary modern mediterranean victorian colonial craftsman scandinavian minimalist "
        "industrial rustic luxury premium parking carport setback setbacks vastu frontage schlafzimmer badezimmer kinderzimmer wohnzimmer "
        "arbeitszimmer einfamilienhaus doppelgarage grundstuck stockwerk geschosse climate tropical temperate three eleven twelve seven eight "
        "fifteen twenty thirty forty fifty hundred half couple attached ensuite pooja mandir guest master principal primary family office "
        "storage pantry store bedroomed storied storeyed double single triple plot apartment bungalow quality basic economy sloping slope "
        "shaped irregular rectangular wohnflache quadratmeter budget".split()
    )
    return frozenset(words)


KEPT = frozenset(
    """
    suite suites large larger smaller house houses whole those these those place plate plots board broad brown black green white small shall until under
    cover covers covered water wheel wheels where which while would could should their there three think thing things right night light lighter great
    young yours route routes round rooms roomy roof roofs brick bricks stone wood woods timber metal glass views tiles slate stucco render concrete steel
    basic train trains train's quiet quite drive driver rate rates sunny shade shady front frost coast coastal beach lakes river hills hilly house's
    """.split()
)
"""Words that are right as they are, however near they come to one that is read."""
