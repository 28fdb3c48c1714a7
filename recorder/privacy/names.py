"""Whether a free text looks as if it said who somebody is. Sessions hold codes, never names.

These are guesses, for a warning to whoever has just typed it: a first name alone cannot be told
from any other word, and in German every noun looks like a name.
"""

import re

TITLE = r"(?:Mr|Mrs|Ms|Miss|Dr|Prof|Herr|Herrn|Frau|Monsieur|Madame|Mme|Señora?|Signora?|Sra?)"
WORD = r"[A-ZÀ-ÖØ-Þ][a-zß-öø-ÿ]+(?:-[A-ZÀ-ÖØ-Þ][a-zß-öø-ÿ]+)?"
# What stands beside another capitalised word without either being a name.
NO_NAMES = frozenset(
    re.findall(
        r"\w+",
        "Alpha Beta Theta Baseline Board Camera Cap Channel Close Closed Ctrl Drum Drums Electrode"
        " End Ends Eye Eyes Guitar Left Mark Monochord Music Open Patient Pause Phase Piano"
        " Recording Rest Right Room Session Shift Singing Song Start Starts Stop Talking Test The"
        " Therapist Voice",
    )
)
E_MAIL = re.compile(r"[^\s@]{1,64}@[^\s@]{1,64}\.[^\s@.]{2,}")
DATE = re.compile(
    r"(?<!\d)(?:\d{1,2}[./-] ?\d{1,2}[./-] ?(?:\d{4}|\d{2})|(?:19|20)\d\d[./-]\d{1,2}[./-]\d{1,2})"
    r"(?!\d)"
)
BIRTH = re.compile(r"(?<!\d)(?:\d{4})?(?:19\d\d|20[01]\d)(?:\d{4})?(?!\d)")  # in a code
LONG_WORD = 4  # letters without a digit; initials are shorter
TELEPHONE = re.compile(r"(?<![\w.,-])\+?\(?\d(?:[ ()/-]{0,2}\d){6,14}(?![\w.,]\d|\w)")
TITLED = re.compile(rf"\b{TITLE}\.? {WORD}|\b(?:named|called|heißt|name is|Name:) {WORD}")
PAIR = re.compile(rf"(?=\b({WORD}),? ({WORD})\b)")


def suspicions(text: str) -> list[str]:
    """What a text looks as if it held: `a name`, `a telephone number`, and so on; [] if nothing.

    A date is taken for itself and not for a telephone number.
    """
    looks = {
        "a name": TITLED.search(text) is not None or _has_full_name(text),
        "a date, as of birth": DATE.search(text) is not None,
        "a telephone number": TELEPHONE.search(DATE.sub(" ; ", text)) is not None,
        "an e-mail address": E_MAIL.search(text) is not None,
    }
    return [kind for kind, it_does in looks.items() if it_does]


def code_suspicions(code: str) -> list[str]:
    """What a person's code looks as if it were; [] if nothing. A guess, too."""
    looks = {
        "a name": len(code) >= LONG_WORD and not any(sign.isdigit() for sign in code),
        "a date or year of birth": BIRTH.search(code) is not None,
    }
    return [kind for kind, it_does in looks.items() if it_does]


def _has_full_name(text: str) -> bool:
    """Two capitalised words side by side that are no words of the bedside."""
    pairs = (match.groups() for match in PAIR.finditer(text))
    return any(NO_NAMES.isdisjoint(pair) for pair in pairs)
