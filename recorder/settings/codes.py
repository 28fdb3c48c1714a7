"""`[codes]`: how the codes of people look here."""

import re

import msgspec


class CodeSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Regular expressions that a patient's and a therapist's code have to match; "" for any."""

    patient: str = ""
    therapist: str = ""

    def __post_init__(self) -> None:
        for role, pattern in self.patterns.items():
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{role}: no regular expression: {error}") from error

    @property
    def patterns(self) -> dict[str, str]:
        """Those there are, by role."""
        given = {"patient": self.patient, "therapist": self.therapist}
        return {role: pattern for role, pattern in given.items() if pattern}

    def objection(self, role: str, code: str) -> str:
        """What is wrong with a code; "" when it matches, or anything does."""
        pattern = self.patterns.get(role, "")
        if not pattern or re.fullmatch(pattern, code):
            return ""
        return f"{code} is no {role}'s code here: it has to look like {pattern}"
