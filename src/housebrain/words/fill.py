"""From what was read to a whole brief: what the words leave open is assumed, and noted."""

from housebrain.errors import UserError
from housebrain.house.brief import Brief, Plot, RoomRequest, Setbacks
from housebrain.house.land import Side
from housebrain.rules.bounds import open_spaces
from housebrain.rules.rates import rates_of
from housebrain.rules.rulesets import ruleset, ruleset_for
from housebrain.words.facts import NEIGHBOURS, PARTY_WALLS, Facts, Wanted
from housebrain.words.money import LEAST_USD, MOST_USD, PER_USD, currency_of
from housebrain.words.places import BORROWED, Place
from housebrain.words.plot import LEAST_FT
from housebrain.words.sizes import (
    ATTACHED_FT,
    GROWTH,
    LARGEST_SCALE,
    ORDER,
    ROOMY,
    STAIRS_SQFT,
    setbacks_of,
    sides_of,
    size_of,
    usual_plot,
)

_STEP = 1.12  # by which an assumed plot grows until the house fits
_FREE_FT = 3.0  # beside an attached or detached house on a narrow plot
_OF_ONE_FLOOR = 4  # rooms of a house that has no second floor, however narrow it is
_MOST_FLOORS = 3  # that are assumed
_LEAST_ENVELOPE_FT = 10.0
_SMALL = 1.45  # times the rate for built area that the bill of a house for one family comes to
_EASY_ENVELOPE_FT = 20.0  # in which nearly all rooms can be arranged that fit by their area


def fill(facts: Facts, place: Place) -> Brief:
    """Makes the brief.

    Args:
        facts: what was read; takes what is assumed.
        place: the place, said or assumed.

    Raises:
        UserError: what is asked for can't stand on the plot, or contradicts itself.
    """
    rooms = _rooms(facts, place)
    floors, plot, scale = _ground(facts, place, rooms)
    requests = _requests(rooms, scale)
    budget = _budget(facts, place, sum(room.count * room.min_area_sqft for room in requests), floors)
    style = facts.get("style")
    if style is None:
        style = {"Asia_India": "Contemporary", "EU_UK": "Traditional"}.get(place.region, "Modern")
        facts.assume("style", style, "no style was said")
    choices = {name: facts.get(name) for name in ("exterior", "floor", "quality", "roof") if facts.get(name)}
    brief = Brief(
        style=style,
        bedrooms=sum(room.count for room in rooms if room.type in ("master_bedroom", "bedroom", "guest_room")),
        bathrooms=sum(room.count for room in rooms if room.type == "bathroom"),
        floors=floors,
        budget_usd=budget,
        plot=plot,
        rooms=tuple(requests),
        region=place.region,
        city=_city(place),
        climate_zone=facts.get("climate") or place.climate,
        choices=choices,
    )
    return _with_party_walls(facts, _as_the_city_asks(facts, brief))


def _rooms(facts: Facts, place: Place) -> list[Wanted]:
    """All rooms, in the order of the dataset's briefs."""
    rooms = list(facts.rooms)
    bedrooms = facts.get("bedrooms")
    if bedrooms is None:
        people = facts.get("people")
        if people:
            bedrooms = min(6, max(1, people - 1))
            facts.assume("bedrooms", bedrooms, f"{people} people, two of them in one room")
        else:
            small = _said_sqft(facts)
            bedrooms = 3 if small is None or small >= 900 else 2 if small >= 500 else 1
            facts.assume("bedrooms", bedrooms, "no number was said")
        bedrooms += facts.get("guests_besides") or 0
    guests = min(facts.get("guests") or facts.get("guests_besides") or 0, max(0, bedrooms - 1))
    sizes = dict(facts.get("bedroom_sizes") or ())
    if bedrooms:
        rooms.append(Wanted("master_bedroom", 1, sizes.get("master_bedroom") or sizes.get("bedroom")))
    if bedrooms - 1 - guests > 0:
        rooms.append(Wanted("bedroom", bedrooms - 1 - guests, sizes.get("bedroom") or sizes.get("named_bedroom")))
    if guests:
        rooms.append(Wanted("guest_room", guests, sizes.get("guest_room")))
    bathrooms = facts.get("bathrooms")
    if bathrooms is None:
        bathrooms = min(4, max(1, bedrooms - 1))
        facts.assume("bathrooms", bathrooms, "no number was said")
    if bathrooms:
        rooms.append(Wanted("bathroom", bathrooms, facts.get("bath_sqft")))
    if facts.get("half_baths"):
        rooms.append(Wanted("bathroom", facts.get("half_baths"), None, "wc"))
    there = {room.type for room in rooms}
    for kind in ("kitchen", "living_room"):
        if kind not in there and not facts.get(f"no {kind}"):
            rooms.append(Wanted(kind, 1))
            facts.assume(kind.replace("_", " "), "1", "every house gets one")
    return sorted(rooms, key=lambda room: ORDER.index(room.type))


def _said_sqft(facts: Facts) -> float | None:
    """The area that the words speak of, whichever it is."""
    pair = facts.get("plot")
    sqft: float | None = facts.get("built_sqft") or facts.get("plot_sqft") or (pair[0] * pair[1] if pair else None)
    return sqft


def _needs(rooms: list[Wanted], least: bool) -> float:
    return sum(room.count * (size_of(room).least if least else size_of(room).usual) for room in rooms)


def _ground(facts: Facts, place: Place, rooms: list[Wanted]) -> tuple[int, Plot, float]:
    """Floors, plot, and what the usual areas are multiplied by."""
    sides = _sides(facts)
    built = facts.get("built_sqft")
    scale = 1.0
    if built is not None:
        stairs = STAIRS_SQFT * ((facts.get("floors") or 1) - 1)
        scale = _scale_for(rooms, (built - stairs) / GROWTH)
        if (built - stairs) / GROWTH < 0.95 * _needs(rooms, least=True):
            raise UserError(
                f"{built:,.0f} sqft are too few for these rooms: they need about "
                f"{_needs(rooms, least=True) * GROWTH + stairs:,.0f}. Ask for fewer rooms, or a larger house."
            )
    wanted = sum(room.count * _scaled(room, scale) for room in rooms)
    floors, seen = facts.get("floors"), facts.get("floor_seen") or 1
    if floors is not None and seen > floors:
        facts.assume("floors", floors, f"'{facts.said['floor_seen'].words}' speaks of one more")
    if sides is None:
        if _attached_at(facts) and "floor_seen" not in facts.said and sum(room.count for room in rooms) > _OF_ONE_FLOOR:
            seen = 2  # attached houses are narrow and tall
        sides = _plot_for(facts, place, wanted, floors or max(seen, 1))
    setbacks = _setbacks(facts, place, sides)
    width, depth = sides[0] - setbacks.left_ft - setbacks.right_ft, sides[1] - setbacks.front_ft - setbacks.rear_ft
    on = f"the {sides[0]:g} x {sides[1]:g} ft plot"
    if min(width, depth) <= 0:
        raise UserError(f"The setbacks take all of {on}: give smaller ones (--setbacks), or a larger plot.")
    if min(width, depth) < _LEAST_ENVELOPE_FT:
        raise UserError(
            f"Setbacks leave {width:g} x {depth:g} ft of {on}, and a house needs {_LEAST_ENVELOPE_FT:g} ft across: "
            "give smaller setbacks, or a larger plot."
        )
    least = _needs(rooms, least=True)
    if floors is None:
        floors = next(
            (count for count in range(seen, _MOST_FLOORS + 1) if _fits(wanted, width * depth, count)),
            next(
                (count for count in range(seen, _MOST_FLOORS + 1) if _fits(least, width * depth, count)), _MOST_FLOORS
            ),
        )
        why = "as few as the rooms need"
        if seen > 1 and floors == seen:
            tall = facts.said.get("floor_seen")
            why = f"'{tall.words}' is said" if tall else "as attached houses have them"
        facts.assume("floors", floors, why)
    holds = width * depth * floors
    asked = (built or 0) if facts.said.get("built_sqft") else 0
    if least + STAIRS_SQFT * (floors - 1) > holds or asked > 1.05 * holds:
        need = max(least * 1.05 + STAIRS_SQFT * (floors - 1), asked)
        raise UserError(
            f"The rooms need about {need:,.0f} sqft, and {on} holds {holds:,.0f} on {floors} "
            f"floor{'s' if floors > 1 else ''} within its setbacks: ask for more floors, fewer rooms or a larger plot."
        )
    if not _fits(wanted, width * depth, floors):
        room = (0.9 * holds - STAIRS_SQFT * (floors - 1)) / ROOMY
        scale *= max(0.5, min(1.0, room / wanted))
    facing, corner = facts.get("facing"), bool(facts.get("corner"))
    if facing is None:
        facing = "E" if place.region == "Asia_India" else "S"
        facing = "N" if facing == facts.get("not_facing") else facing
        facts.assume("facing", facing, "no direction was said")
    plot = Plot(
        length_ft=round(sides[1], 2),
        width_ft=round(sides[0], 2),
        shape=facts.get("shape") or ("Corner_Plot" if corner else "Square" if sides[0] == sides[1] else "Rectangle"),
        orientation=facing,
        slope_degrees=facts.get("slope") or 0.0,
        is_corner=corner,
        setbacks=setbacks,
        street_width_ft=facts.get("road_ft"),
    )
    return floors, plot, scale


def _scale_for(rooms: list[Wanted], sqft: float) -> float:
    """What the usual areas are multiplied by, so that the rooms have some area together."""
    low, high = 0.5, LARGEST_SCALE
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if sum(room.count * _scaled(room, middle) for room in rooms) < sqft else (low, middle)
        )
    return high


def _scaled(room: Wanted, scale: float) -> float:
    size = size_of(room)
    # What a car or a bath needs does not grow with the house.
    grows = room.type not in ("garage", "store", "pooja", "balcony", "utility", "laundry") and room.size != "wc"
    factor = min(scale, 1.0) if not grows else min(scale, 1.4) if room.type == "bathroom" else scale
    return max(size.least, size.usual * factor)


def _fits(sqft: float, envelope_sqft: float, floors: int) -> bool:
    return sqft * ROOMY + STAIRS_SQFT * (floors - 1) <= 0.95 * envelope_sqft * floors


def _requests(rooms: list[Wanted], scale: float) -> list[RoomRequest]:
    return [
        RoomRequest(
            type=room.type,
            count=room.count,
            min_area_sqft=float(round(_scaled(room, scale))) if not room.sqft else round(room.sqft, 1),
        )
        for room in rooms
    ]


def _sides(facts: Facts) -> tuple[float, float] | None:
    """Width and depth of the plot, None where the words don't give it."""
    pair, axes, sqft = facts.get("plot"), facts.get("axes"), facts.get("plot_sqft")
    width, depth = facts.get("width"), facts.get("depth")
    if axes is not None and pair is None:
        pair = (axes[1], axes[0]) if facts.get("facing") in ("E", "W") else axes
    if pair is None and width and depth:
        pair = (width, depth)
    if pair is not None:
        sides = next(facts.said[name].words for name in ("plot", "axes", "width") if name in facts.said)
        for name, known in (("width", width), ("depth", depth)):
            if known and min(abs(known - side) for side in pair) > 0.02 * known:
                said = facts.said[name].words
                raise UserError(f"'{sides}' and '{said}' contradict each other (plot): leave out one.")
        if (width and abs(width - pair[0]) > 0.02 * width) or (depth and abs(depth - pair[1]) > 0.02 * depth):
            pair = (pair[1], pair[0])
        if sqft and facts.get("shape") not in ("L_Shape", "Irregular") and abs(pair[0] * pair[1] - sqft) > 0.06 * sqft:
            raise UserError(
                f"'{sides}' and '{facts.said['plot_sqft'].words}' contradict each other (plot): leave out one of them."
            )
        return float(pair[0]), float(pair[1])
    if sqft is None:
        if width or depth:
            facts.assume(
                "plot", f"{width or depth * 2 / 3:.4g} x {depth or width * 1.5:.4g} ft", "only one side was said"
            )
            return width or round(depth * 2 / 3, 1), depth or width * 1.5
        return None
    chosen = sides_of(sqft, width, depth)
    if min(chosen) < LEAST_FT:
        raise UserError(
            f"A plot of {chosen[0]:.4g} x {chosen[1]:.4g} ft is too narrow for a house: it needs {LEAST_FT:g} ft."
        )
    if not (width or depth):
        facts.assume("plot", f"{chosen[0]:g} x {chosen[1]:g} ft", f"'{facts.said['plot_sqft'].words}' gives no sides")
    return chosen


def _plot_for(facts: Facts, place: Place, wanted: float, floors: int) -> tuple[float, float]:
    """A plot of the region's form on which the house fits."""
    width, depth = usual_plot(place.region)
    width = min(width, ATTACHED_FT.get(len(_attached_at(facts)), width))
    for _ in range(40):
        setbacks = _setbacks(Facts(said=facts.said), place, (width, depth))
        inner = (width - setbacks.left_ft - setbacks.right_ft) * (depth - setbacks.front_ft - setbacks.rear_ft)
        if inner > 0 and _fits(wanted, inner, floors):
            break
        width, depth = float(round(width * _STEP)), float(round(depth * _STEP))
    facts.assume("plot", f"{width:g} x {depth:g} ft", "no plot was said")
    return width, depth


def _setbacks(facts: Facts, place: Place, sides: tuple[float, float]) -> Setbacks:
    taken = setbacks_of(place.region, *sides)
    if facts.get("attached"):  # at a party wall nothing is left open, and elsewhere something is
        at = _attached_at(facts)
        own = {side: 0.0 if side in at else getattr(taken, f"{side}_ft") or _FREE_FT for side in ("left", "right")}
        taken = taken.model_copy(update={f"{side}_ft": length for side, length in own.items()})
    said = dict(facts.get("setbacks") or ())
    setbacks = Setbacks(
        **{f"{side}_ft": said.get(side, getattr(taken, f"{side}_ft")) for side in ("front", "rear", "left", "right")}
    )
    if len(said) < 4:
        facts.assume("setbacks", _named(setbacks), "as is usual there; ask the town for its own")
    return setbacks


def _named(setbacks: Setbacks) -> str:
    sides = {"front": setbacks.front_ft, "rear": setbacks.rear_ft, "left": setbacks.left_ft, "right": setbacks.right_ft}
    return f"{', '.join(f'{length:g} {side}' for side, length in sides.items())}, in ft"


def _as_the_city_asks(facts: Facts, brief: Brief) -> Brief:
    """The brief with the open spaces of its city, in place of setbacks that were assumed, where the house has room."""
    asked, own = open_spaces(brief), brief.plot.setbacks
    said = dict(facts.get("setbacks") or ())
    is_other = brief.plot.shape in ("L_Shape", "Irregular") or _attached_at(facts)
    if asked is None or len(said) == 4 or is_other:
        return brief
    sides = ("front_ft", "rear_ft", "left_ft", "right_ft")
    taken = own.model_copy(
        update={side: max(getattr(own, side), getattr(asked, side)) for side in sides if side[:-3] not in said}
    )
    if taken == own:
        return brief
    width = brief.plot.width_ft - taken.left_ft - taken.right_ft
    depth = brief.plot.length_ft - taken.front_ft - taken.rear_ft
    sqft = sum(room.count * room.min_area_sqft for room in brief.rooms)
    if min(width, depth) < _EASY_ENVELOPE_FT or not _fits(sqft, width * depth, brief.floors):
        return brief
    edition = ruleset(ruleset_for(brief.region, brief.city).name).edition
    facts.assume_instead("setbacks", _named(taken), f"as {edition} has them, as far as is known here; ask the town")
    return brief.model_copy(update={"plot": brief.plot.model_copy(update={"setbacks": taken})})


def _budget(facts: Facts, place: Place, asked_sqft: float, floors: int) -> float:
    said, rate = facts.get("budget"), facts.get("budget_rate")
    if said is None and rate is None:
        rates = rates_of(place.region, _city(place))
        built_sqft = asked_sqft * GROWTH + STAIRS_SQFT * (floors - 1)
        usd = rates.plinth["good"] / rates.per_usd * built_sqft * _SMALL
        usd = float(round(usd, -3))
        facts.assume("budget", f"{usd:,.0f} USD", "what a house of this size costs there in good quality, about")
        return usd
    amount, code = said or rate
    currency = currency_of(code, place.country)
    name = "budget" if said else "budget_rate"
    if said is None:
        amount *= facts.get("built_sqft") or asked_sqft * GROWTH
        facts.assume("budget", f"{amount:,.0f} {currency}", f"'{facts.said[name].words}', for the area to be built")
    if code is None:
        facts.assume("currency", currency, "that of the country")
    usd = amount / PER_USD[currency]
    if currency != "USD":
        facts.assume("exchange rate", f"{usd:,.0f} USD", f"one USD is {PER_USD[currency]:g} {currency}")
    words = facts.said[name].words
    if usd < LEAST_USD:
        raise UserError(f"'{words}' ({usd:,.0f} USD) builds no house: give the budget for all of it.")
    if usd > MOST_USD:
        raise UserError(f"'{words}' ({usd:,.0f} USD) is beyond a house for one family: give the budget for it alone.")
    return round(usd, 2)


def _city(place: Place) -> str | None:
    """The city's name, None where only a state or a country is known."""
    return place.name.title() if place.is_city else None


def place_note(facts: Facts, place: Place) -> None:
    """Notes where a country's costs and codes are a neighbour's."""
    if place.country in BORROWED:
        facts.assume("region", place.region, f"there are no costs and codes for {BORROWED[place.country]} here")


def _attached_at(facts: Facts) -> tuple[Side, ...]:
    """The sides at which the words put a neighbour's house; a single one that they don't name is the left one."""
    both: tuple[Side, ...] = ("left", "right")
    sides: dict[str | None, tuple[Side, ...]] = {
        "both sides": both, "one side": ("left",), "left": ("left",), "right": ("right",)
    }  # fmt: skip
    return sides.get(facts.get("attached"), ())


def _with_party_walls(facts: Facts, brief: Brief) -> Brief:
    """The brief with party walls where the house stands on the boundary: windows there are for nobody to look out."""
    plot = brief.plot
    sides: tuple[Side, ...] = ("left", "right")
    at = [side for side in sides if side != plot.side_street and not getattr(plot.setbacks, f"{side}_ft")]
    if apart := [side for side in _attached_at(facts) if side not in at]:
        why = "a setback is said there, or a street is there"
        facts.assume(facts.said["attached"].words, f"not at the {' and the '.join(apart)}", why)
    if not at or facts.get("attached") == "no side":
        return brief
    is_said = set(at) <= set(_attached_at(facts))
    why = "a neighbour's house stands there" if is_said else "they stand on the boundary"
    facts.assume(NEIGHBOURS if is_said else PARTY_WALLS, f"no windows at the {' and the '.join(at)}", why)
    return brief.model_copy(update={"plot": plot.model_copy(update={"party_walls": tuple(at)})})
