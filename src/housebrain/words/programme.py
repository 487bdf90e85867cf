"""From mentions of rooms to the rooms of a brief: which are counted already, which come besides."""

import re
from dataclasses import replace

from housebrain.errors import UserError
from housebrain.words.facts import Facts, Wanted
from housebrain.words.rooms import MOST, Mention
from housebrain.words.text import Text

MOST_BEDROOMS = 12
_PLUS = re.compile(
    r"[\s,]*(?:\+|\bplus\b|\bbesides\b|\bas well as\b|\bzzgl\.?|\bzuzuglich\b)\s*(?:\d+\s*|an?\s+|the\s+)*"
)
_AND = re.compile(r"[\s,]*(?:\+|\band\b|\bplus\b|\bund\b|,)?\s*(?:\d+\s*|an?\s+|the\s+|separate\s+)*")
_JOINED = re.compile(r"[\s,]*(?:\+|\band\b|\bplus\b|\bund\b)\s*(?:\d+\s*|an?\s+|the\s+|separate\s+)*")
_INCLUDED = re.compile(
    r"(?:\bincl\w*\.?|\bof which|\bone of (?:them|which)|\bdavon|\bamong \w+|\()\s*(?:is\s+|"
    r"being\s+)?(?:\d+\s*|an?\s+|the\s+|one\s+|eine?\s+)*$"
)
_EACH = re.compile(r"\b(?:all|each|every|both|alle|jedes)\b[^,;]{0,30}$")
# Kinds that are one type, and what size each is.
_TYPES = {
    "walk_in": ("store", "closet"),
    "box_room": ("store", "usual"),
    "drawing_room": ("living_room", "usual"),
}


def read_programme(text: Text, facts: Facts, mentions: list[Mention]) -> None:
    """Fills `bedrooms`, `bathrooms`, `half_baths` and `facts.rooms`.

    Raises:
        UserError: counts contradict each other or are beyond any house.
    """
    for mention in mentions:
        if mention.count is not None and mention.count > MOST and mention.kind not in ("bhk",):
            raise UserError(f"'{mention.words}': houses with at most {MOST} rooms of a kind are designed here.")
        if mention.absent and mention.kind == "bathroom":
            raise UserError(f"'{mention.words}': a house has at least one bathroom.")
    present = [mention for mention in mentions if not mention.absent]
    _bedrooms(text, facts, present)
    _bathrooms(text, facts, present)
    _others(facts, present, {mention.kind for mention in mentions if mention.absent})


def _bedrooms(text: Text, facts: Facts, mentions: list[Mention]) -> None:
    for one in mentions:
        if one.kind == "bedroom" and one.count is None and one.is_located and not re.search(r"bed.*s$", one.words):
            one.count = 1.0
    plain = [one for one in mentions if one.kind in ("bhk", "bedroom", "rk") and one.count is not None]
    totals = [one for one in plain if not one.is_named_size and not one.is_located and not _is_part(text, one, plain)]
    parts = [one for one in plain if one not in totals and one.is_located | one.is_named_size]
    total: float | None = None
    for one in totals:
        assert one.count is not None
        count = one.count * _floors_of(text, one, facts)
        if total is not None and count != total:
            raise UserError(
                f"'{totals[0].words}' and '{one.words}' contradict each other (bedrooms): leave out one of them."
            )
        total = count
    if total is None and parts:
        total = sum(one.count or 1 for one in parts)
        for more in re.finditer(
            r"(?:and|,|\+)\s*(\d)\s+(?:(?=(?:on|at|in)\s+(?:the\s+)?(?:ground|first|second|upper|top|\d)|upstairs|"
            r"downstairs)|(?:single|double|twin|small)s?\b(?! (?:garage|car)))",
            text.whole,  # the floor was read before
        ):
            if text.rest[more.start(1)] == more[1]:
                total += int(more[1])
                text.strike(more.start(), more.end())
    if totals and total is not None and total < sum(one.count or 1 for one in parts if one.is_located):
        # 1 bed, hall and kitchen down and 3 beds upstairs: what is less than a part is no total.
        total += sum(one.count or 1 for one in parts if one.is_located)
    for counted in re.finditer(  # of those that were: 3 beds, 1 downstairs and 2 in the roof
        r"(?:and|,|\+)\s*\d\s+(?:(?:up|down)stairs|(?:in|on|under)\s+(?:the\s+)?(?:roof|eaves|loft|attic|first floor))",
        text.whole,  # the floor was read before
    ):
        text.strike(counted.start(), counted.end())
    if total is None and any(one.kind in ("named_bedroom", "master_bedroom") for one in mentions):
        alone = [
            one
            for one in mentions
            if one.kind == "bedroom" and one.count is None and not re.search("bed.*s$", one.words)
        ]
        total = 1.0 if alone else None
    rooms_said = next((one for one in mentions if one.kind == "rooms"), None)
    base = totals[-1] if totals else None
    extra, guests = 0, 0
    masters = [one for one in mentions if one.kind == "master_bedroom"]
    if masters:
        most = max(1, *(int(one.count or 1) for one in masters))
        if total is None or base is None or _is_besides(text, base, masters[0]):
            extra += most
    for one in mentions:
        several = one.kind == "named_bedroom" and one.words.endswith("rooms")
        count = max(1, int(one.count or (2 if several else 1)))
        if one.kind == "named_bedroom" and (base is None or _PLUS.fullmatch(_between(text, base, one))):
            extra += count
        elif one.kind == "guest_room":
            guests += count
            included = _INCLUDED.search(text.whole[: one.start + _offset(one)]) is not None
            if base is None or not (
                included or (re.search("bed", one.words) and not _JOINED.fullmatch(_between(text, base, one)))
            ):
                extra += count
                if base is not None:
                    facts.assume("guest room", count, f"it comes besides the {total:g} bedrooms")
        elif one.kind == "servant":
            facts.rooms.append(Wanted("bedroom", count, one.sqft, "servant"))
            facts.assume(one.words, "bedroom", "a small one, besides the others")
    if total is None and rooms_said is not None and not extra:
        assert rooms_said.count is not None
        total = max(0, rooms_said.count - 1)
        facts.assume("bedrooms", f"{total:g}", f"'{rooms_said.words.strip()}' counts the living room too")
        rooms_said = None
    if total is not None and total != int(total):
        facts.rooms.append(Wanted("home_office", 1))
        facts.assume("study", 1, f"the half room of {total:g} bedrooms")
    if total is None and guests and guests == extra:
        facts.say("guests_besides", guests, next(one.words for one in mentions if one.kind == "guest_room"))
        return
    if total is None and not extra:
        return
    number = int(total or 0) + extra
    if number > MOST_BEDROOMS:
        raise UserError(f"{number} bedrooms: houses with at most {MOST_BEDROOMS} are designed here.")
    if (
        rooms_said is not None
        and rooms_said.count is not None
        and not any(one.kind in ("home_office",) for one in mentions)
    ):
        for _ in range(min(3, int(rooms_said.count) - number - 1)):
            facts.rooms.append(Wanted("home_office", 1))
            facts.assume("study", 1, f"'{rooms_said.words.strip()}' are more than living room and bedrooms")
    words = base.words if base else (parts or masters or mentions)[0].words
    facts.say("bedrooms", number, words)
    facts.say("guests", min(guests, number), words)
    sizes = {
        kind: one.sqft
        for one in mentions
        for kind in [one.kind]
        if one.sqft and kind in ("master_bedroom", "bedroom", "guest_room", "named_bedroom")
    }
    facts.say("bedroom_sizes", tuple(sorted(sizes.items())), words)


def _floors_of(text: Text, mention: Mention, facts: Facts) -> int:
    """On how many floors there are these rooms: `2 bhk on each floor`."""
    level = r"(?:each|every|per)\s+(?:floor|storey|story|level)"
    after = re.match(rf"\s*(?:(?:on|in|at)\s+)?{level}", text.whole[mention.end :])
    before = re.search(rf"\b{level}\s*(?:has|with|having|:|to have)?\s*$", text.whole[: mention.start])
    return (facts.get("floors") or 1) if after or before else 1


def _offset(mention: Mention) -> int:
    """Where the name starts inside of a mention's words, past its count."""
    found = re.match(r"\s*(?:\d+\s*|an?\s+)?", mention.words)
    return found.end() if found else 0


def _between(text: Text, one: Mention, other: Mention) -> str:
    """The words between two mentions, past the other's count."""
    first, second = (one, other) if one.start <= other.start else (other, one)
    return text.whole[first.end : second.start] + " "


def _is_part(text: Text, one: Mention, mentions: list[Mention]) -> bool:
    """Whether some bedrooms are a part of those named before, as in `4 bhk, one bedroom with a balcony`."""
    larger = any(other.start < one.start and (other.count or 0) > (one.count or 0) for other in mentions)
    return (
        larger
        and (one.count == 1 or _INCLUDED.search(text.whole[: one.start]) is not None)
        and not one.words.startswith("bhk")
    )


def _is_besides(text: Text, base: Mention, master: Mention) -> bool:
    """Whether a master bedroom comes besides the bedrooms that are counted."""
    between = _between(text, base, master)
    if base.kind == "bhk":
        return _PLUS.fullmatch(between) is not None
    if master.start < base.start:
        total = re.match(r"\s*(?:in )?(?:total|altogether|insgesamt|overall)", text.whole[base.end :])
        return (
            _AND.fullmatch(between) is not None
            and total is None
            and not re.match(r"\s*(?:house|home|villa|bungalow)", text.whole[base.end :])
        )
    return _JOINED.fullmatch(between) is not None


def _bathrooms(text: Text, facts: Facts, mentions: list[Mention]) -> None:
    generic = [one for one in mentions if one.kind == "bathroom"]
    halves = [one for one in mentions if one.kind == "half_bath"]
    ensuites = [one for one in mentions if one.kind == "ensuite"]
    shared = [one for one in mentions if one.kind == "shared_bath"]
    bedrooms = facts.get("bedrooms") or 0
    half = int(sum(one.count if one.count and one.count >= 1 else 1 for one in halves))
    totals = [one for one in generic if one.count is not None and not one.is_located]
    located = [one for one in generic if one.count is not None and one.is_located]
    full: float | None = None
    if wcs := _wcs(totals, facts):
        half += wcs
        totals = [one for one in totals if not _is_toilet(one)]
    for one in totals:
        assert one.count is not None
        if full is not None and one.count != full:
            raise UserError(
                f"'{totals[0].words}' and '{one.words}' contradict each other (bathrooms): leave out one of them."
            )
        full = one.count
    if full is None and located:
        full = sum(one.count or 1 for one in located)
    every = [one for one in [*ensuites, *generic] if one.count is None and _EACH.search(text.whole[: one.start] + " ")]
    plural = [one for one in ensuites if one.count is None and re.search(r"(?:baths|rooms|toilets|suites)$", one.words)]
    after_beds = [
        one
        for one in ensuites
        if one.count is None and re.search(r"\d (?:en ?suite)", text.whole[max(0, one.start - 2) : one.end])
    ]
    own = int(sum(one.count or 1 for one in ensuites))
    if (every or plural or after_beds) and bedrooms:
        own = bedrooms
    common = int(sum(one.count or 1 for one in shared))
    words = (totals or located or ensuites or shared or halves or generic or [Mention("", 0, 0, 0, "")])[0].words
    if full is not None:
        base = (totals or located)[-1]
        for kind in (ensuites, shared):
            if kind and (
                (_JOINED.fullmatch(_between(text, base, kind[0])) and kind[0].start > base.start)
                or (_PLUS.search(_between(text, base, kind[0])) and kind[0].start > base.start)
            ):
                full += own if kind is ensuites else common
        if every and full < own:
            full = own
        if full != int(full):
            half = max(half, 1)
        number = int(full)
    elif own or common or every:
        single = [
            one
            for one in generic
            if one.count is None and one not in every and not one.words.endswith("s") and not _is_bath(text, one)
        ]
        common += len(single[:1])
        number = own + common
        if not common and not every and own < bedrooms:
            number += 1
            facts.assume("bathrooms", number, "one more, for the rooms without their own")
    elif generic and not re.search(r"s$", generic[0].words):
        number = max(1, len([one for one in generic if one.is_located]))
    else:
        if half:
            facts.say("half_baths", half, words)
        return
    if number < 1 and not half:
        raise UserError(f"'{words}': a house has at least one bathroom.")
    facts.say("bathrooms", number, words)
    facts.say("half_baths", half, words)
    sized = next((one.sqft for one in generic if one.sqft), None)
    if sized:
        facts.say("bath_sqft", sized, words)


def _is_toilet(mention: Mention) -> bool:
    return re.search(r"\b(?:toilets?|lavatories|latrines?)$", mention.words) is not None


def _wcs(totals: list[Mention], facts: Facts) -> int:
    """How many toilets there are besides those in the bathrooms: `2 bathrooms and 3 toilets` have one."""
    toilets = [one.count or 0 for one in totals if _is_toilet(one)]
    baths = [one.count or 0 for one in totals if not _is_toilet(one)]
    if len(set(toilets)) != 1 or len(set(baths)) != 1 or toilets[0] == baths[0]:
        return 0
    # Fewer of them than bathrooms are rooms of their own.
    wcs = int(toilets[0] - baths[0]) if toilets[0] > baths[0] else int(toilets[0])
    facts.assume("WCs", wcs, f"{toilets[0]:g} toilets beside {baths[0]:g} bathrooms")
    return wcs


def _is_bath(text: Text, mention: Mention) -> bool:
    """Whether `bath` stands alone between commas at the end, as a city does."""
    after = re.match(r"\s*,\s*(?:\x01|[£$\d]|budget)", text.whole[mention.end :])
    return mention.words == "bath" and after is not None and text.whole[: mention.start].rstrip().endswith(",")


def _others(facts: Facts, mentions: list[Mention], absent: set[str]) -> None:
    """Every other room, each kind once with the largest number that is named."""
    best: dict[str, Mention] = {}
    bedroom_kinds = {"bhk", "rk", "rooms", "bedroom", "master_bedroom", "guest_room", "named_bedroom", "servant"}
    bath_kinds = {"bathroom", "half_bath", "ensuite", "shared_bath"}
    for one in mentions:
        if one.kind in bedroom_kinds | bath_kinds:
            continue
        for kind in one.kind.split("+"):
            kind = {"living": "living_room", "dining": "dining_room"}.get(kind, kind)
            kept = best.get(kind)
            sqft = one.sqft / len(one.kind.split("+")) if one.sqft else None
            if kept is None or (one.count or 1) > (kept.count or 1):
                best[kind] = replace(one, kind=kind, sqft=sqft or (kept.sqft if kept else None))
            elif sqft and not kept.sqft:
                kept.sqft = sqft
    formal = best.pop("drawing_room", None)
    if formal is not None:
        if living := best.get("living_room"):
            best.setdefault(
                "family_room", Mention("family_room", living.count, living.start, living.end, living.words, living.sqft)
            )
            facts.assume("family room", "1", f"'{formal.words}' is the living room, '{living.words}' comes besides")
            best["living_room"] = Mention("living_room", 1, formal.start, formal.end, formal.words, formal.sqft)
        else:
            best["living_room"] = formal
    for kind, one in best.items():
        room_type, size = _TYPES.get(kind, (kind, "usual"))
        count = max(1, int(one.count or (2 if kind == "balcony" and re.search(r"ies$|ys$|balkone", one.words) else 1)))
        if one.is_each:
            count = max(count, facts.get("bedrooms") or 1)
        if kind == "garage":
            count, size = 1, f"garage for {min(count, 6)}"
        if kind == "box_room":
            facts.assume("box room", "store", "a box room is read as a store")
        if kind == "walk_in":
            facts.assume("walk-in closet", "store", "a small store beside the bedrooms")
        if re.search(r"\bden\b", one.words):
            facts.assume("den", "home office", "a den is read as a study")
        if re.search(
            r"\bgym\b|theat|cinema|conservatory|sun ?room|playroom|bar\b|yoga|orangery|wintergarten", one.words
        ):
            facts.assume(one.words, "family room", "a brief knows no such room")
        facts.rooms.append(Wanted(room_type, count, one.sqft, size))
    for kind in absent:
        facts.say(f"no {kind}", True, kind)
