"""The page: a session in one HTML file, which opens with a double click and asks no network.

    asked       what it is asked for
    contents    all that a page holds, as plain values; made of
    curves        indices and the usable share, a value a second
    meeting       synchrony of the two, and of two who never met, each within its chance band
    hearing       what the music was like, and which pieces there were
    eeg           the EEG: lowest and highest throughout, every sample near the moments
    moments       what anybody marked
    findings      what was found when it was analysed
    footage       videos beside the page
    permission    for whom a page is, on whose consent, and what it must leave out
    telling       the paragraph in plain words
    texts         every word of the page, in two languages
    packing     numbers as short texts
    page        contents and page/ become the file; uplot/ is uPlot 1.6.32 as it was published

Of the same session, notes and options come the same bytes: nothing of now is in a page.
"""

from recorder.review.asked import Asked
from recorder.review.page import review_page

__all__ = ["Asked", "review_page"]
