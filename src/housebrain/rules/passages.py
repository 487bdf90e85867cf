"""Which room may be entered from which, how readily, and which walls stay open: tables by a type's short name.

The solver searches by these tables and `rules/doors.py` hangs the doors by them.
"""

NO = 99  # nobody would: no bedroom through another room's privacy, nothing through a bath

# How awkward it is to enter a room of the second type from one of the first; pairs not listed are NO.
ENTER: dict[str, dict[str, int]] = {
    "hall": {
        "hall": 1, "stairs": 1, "living": 1, "dining": 1, "kitchen": 2, "family": 1, "office": 1, "master": 1, "bed": 1,
        "guest": 1, "bath": 1, "utility": 3, "laundry": 2, "store": 2, "pooja": 1, "garage": 2, "balcony": 6,
        "terrace": 5, "court": 3, "porch": 1,
    },
    "living": {
        "hall": 1, "stairs": 2, "dining": 1, "kitchen": 2, "family": 2, "office": 2, "master": 5, "bed": 4, "guest": 3,
        "bath": 6, "pooja": 1, "store": 5, "garage": 4, "balcony": 2, "terrace": 2, "court": 2, "porch": 1,
    },
    "dining": {
        "hall": 1, "stairs": 3, "living": 1, "kitchen": 1, "family": 2, "office": 4, "master": 6, "bed": 5, "guest": 4,
        "bath": 6, "utility": 5, "laundry": 5, "store": 4, "pooja": 1, "garage": 5, "balcony": 3, "terrace": 3,
        "court": 2, "porch": 3,
    },
    "family": {
        "hall": 1, "stairs": 2, "living": 1, "dining": 1, "kitchen": 3, "office": 2, "master": 4, "bed": 3, "guest": 3,
        "bath": 5, "pooja": 2, "store": 4, "balcony": 2, "terrace": 2, "court": 2,
    },
    "kitchen": {
        "dining": 1, "living": 3, "utility": 1, "laundry": 1, "store": 1, "garage": 3, "hall": 24, "balcony": 5,
        "terrace": 5, "court": 3,
    },
    "utility": {"laundry": 2, "store": 3, "garage": 3, "terrace": 3},
    "laundry": {"utility": 2, "store": 3, "garage": 3},
    "stairs": {"hall": 1, "living": 2, "family": 2, "dining": 3},
    "master": {"bath": 1, "balcony": 1, "terrace": 4},
    "bed": {"bath": 1, "balcony": 1, "terrace": 4},
    "guest": {"bath": 1, "balcony": 1, "terrace": 4},
    "office": {"balcony": 4, "terrace": 5, "store": 6},
    "balcony": {"terrace": 3},
    "terrace": {"balcony": 3, "terrace": 1},
    "porch": {"living": 1, "hall": 1, "office": 4},
}  # fmt: skip
# Between these no door is hung: the wall is left open as far as it goes.
OPEN: tuple[tuple[str, str], ...] = (
    ("living", "dining"), ("dining", "kitchen"), ("living", "hall"), ("dining", "hall"), ("family", "hall"),
    ("living", "kitchen"), ("family", "living"), ("family", "dining"), ("porch", "hall"), ("hall", "stairs"),
    ("living", "stairs"), ("family", "stairs"), ("dining", "stairs"),
)  # fmt: skip
# Such neighbours get a way through whether or not it is needed to reach them.
SECOND: tuple[tuple[str, str], ...] = (
    ("living", "dining"), ("dining", "kitchen"), ("living", "hall"), ("dining", "hall"), ("living", "kitchen"),
    ("family", "hall"), ("family", "living"), ("family", "dining"), ("hall", "kitchen"), ("office", "living"),
    ("garage", "utility"), ("utility", "hall"), ("bath", "bed"), ("bath", "guest"), ("bath", "master"),
    ("office", "hall"), ("kitchen", "utility"), ("balcony", "living"), ("terrace", "living"), ("terrace", "hall"),
    ("terrace", "family"), ("terrace", "master"), ("court", "living"), ("court", "dining"), ("court", "kitchen"),
)  # fmt: skip
# Where one comes in from the street, best first.
ENTRANCE: dict[str, int] = {"porch": 6, "hall": 5, "living": 4, "family": 3, "dining": 2}
