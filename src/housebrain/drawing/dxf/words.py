"""Texts as DXF takes them, and lengths as architects write them in feet and inches."""

import unicodedata

LONGEST = 120  # of what a user typed, in characters
_STEP = 16  # parts of an inch that lengths are rounded to


def plain(text: str) -> str:
    """A text without what DXF would read as a command, on one line and not too long."""
    kept = "".join(" " if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") else char for char in text)
    # `%%` and a letter is a special character, `^` and a letter a control character, in all kinds of text.
    while "%%" in kept:
        kept = kept.replace("%%", "% %")
    kept = kept.replace("^", "^ ").strip()
    return kept if len(kept) <= LONGEST else kept[: LONGEST - 1] + "…"


def paragraphs(*lines: str) -> str:
    """The content of an MTEXT of some lines."""
    return "\\P".join(plain(line).replace("\\", "\\\\").replace("{", "\\{").replace("}", "\\}") for line in lines)


def feet_inches(feet: float) -> str:
    """`12'-6"`, with a fraction where there is one: `3'-4 1/2"`."""
    parts = round(feet * 12 * _STEP)
    whole, part = divmod(parts, _STEP)
    fraction = ""
    if part:
        below = _STEP
        while part % 2 == 0:
            part, below = part // 2, below // 2
        fraction = f" {part}/{below}"
    return f"{whole // 12}'-{whole % 12}{fraction}\""
