"""What a page is asked for."""

from dataclasses import dataclass

from recorder.open import Clock


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of `antiphon review`.

    Attributes:
        language: of its words, of texts.LANGUAGES.
        clock: by which clock samples are told, as `open_session` takes it.
        blind: for raters: without measures, EEG and what others have marked.
        with_eeg: all of the EEG, not only near the moments.
        for_sharing: for people outside: codes new, no dates, nothing without consent to it.
        labels: of marks that nobody typed; with for_sharing, others are left out.
        videos: where each video is, seen from the page, by its file name; others lie beside it.
    """

    language: str = "en"
    clock: Clock = "best"
    blind: bool = False
    with_eeg: bool = False
    for_sharing: bool = False
    labels: tuple[str, ...] = ()
    videos: tuple[tuple[str, str], ...] = ()
