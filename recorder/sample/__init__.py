"""The session that `antiphon demo --review` makes: everything about it is known, nobody is in it.

story       what happens in it, and what raters and the two say of it
recording   recorded on a simulated clock, ten minutes in seconds
film        a video of it with the sync train's lamp and chords
papers      the transcript, and what each rater and each interview marked
    tour        all of it, and the verbs from there to the page
"""
