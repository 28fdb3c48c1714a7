"""What happens in the sample session, in seconds of true time, and what is said of it.

After four minutes the frontal asymmetry of the patient goes up, the therapist's LAG_S later. Two of
three raters and both interviews mark that moment. All of it is invented.
"""

from dataclasses import dataclass
from typing import Final

from hardware.emulated.synthetic import PATIENT, THERAPIST, Course, Step

SECONDS: Final = 600
SHIFT_S: Final = 260.0
LAG_S: Final = 8.0
SIZE: Final = 1.4
LASTS_S: Final = 290.0
STEPS = (
    Step(PATIENT, SHIFT_S, SIZE, LASTS_S),
    Step(THERAPIST, SHIFT_S + LAG_S, SIZE, LASTS_S),
)
COURSE: Final = Course(swing=0.4, steps=STEPS)  # beside the steps they are calm
COUPLED_S: Final = 60.0
MARKS: Final = ((120, "music starts"), (480, "music ends"))


@dataclass(frozen=True, slots=True)
class Line:
    """Something that is said; by a role."""

    begin_s: float
    end_s: float
    speaker: str
    text: str


LINES: Final = (
    Line(8, 11, "therapist", "Take your time. What do you see?"),
    Line(16, 20, "patient", "A river. It is grey, and it is cold."),
    Line(42, 46, "patient", "Somebody stands on the other side."),
    Line(60, 62, "therapist", "Stay with that."),
    Line(95, 100, "patient", "I cannot hear what he says."),
    Line(119, 122, "therapist", "Listen to the choir."),
    Line(170, 175, "patient", "The water is louder than he is."),
    Line(200, 204, "therapist", "You may go closer, if you like."),
    Line(228, 233, "patient", "There are stones. I could stand on them."),
    Line(258, 264, "patient", "He waves. He says it will be all right."),
    Line(269, 271, "therapist", "Yes."),
    Line(290, 296, "patient", "It is lighter now."),
    Line(388, 392, "patient", "I would like to stay here."),
    Line(440, 445, "therapist", "Look around once more."),
    Line(482, 486, "therapist", "We come back slowly."),
    Line(520, 524, "patient", "My hands are warm."),
    Line(566, 570, "therapist", "Open your eyes when you like."),
)


@dataclass(frozen=True, slots=True)
class Seen:
    """A stretch that somebody finds of interest, or of no interest."""

    begin_s: float
    end_s: float
    sort: str
    text: str = ""


INTEREST, NO_INTEREST = "interest", "no interest"
RATERS: Final = {
    "R1": (Seen(252, 290, INTEREST, "he waves"), Seen(60, 95, NO_INTEREST)),
    "R2": (Seen(256, 296, INTEREST, "a turn"), Seen(62, 98, NO_INTEREST)),
    "R3": (Seen(382, 410, INTEREST, "wants to stay"), Seen(64, 94, NO_INTEREST)),
}
INTERVIEWS: Final = {
    "patient": (Seen(256, 272, INTEREST, "when he waved"),),
    "therapist": (Seen(260, 278, INTEREST, "something changed here"),),
}
