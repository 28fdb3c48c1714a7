"""Files of other programs, in which stretches of time have a text: subtitles, annotations."""
