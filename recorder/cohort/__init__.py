"""Many sessions, on any number of machines: `antiphon cohort DIR... --out FOLDER`.

sites       which sessions there are, and which are out of the question at once
job         one session: its key, and what it leaves
outcomes      one number each that is comparable between sessions
workers     who does the jobs: processes, or a Dask cluster
dyads       whose session it is, and which of theirs
scores      csv files of other sources, joined
shuffles    jobs that compare every patient with every therapist
relations   what can be said of many dyads
names       what people and sessions are called, for oneself or for strangers
files       the results; report the page
run         all of it, in this order
"""
