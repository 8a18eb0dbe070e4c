"""What every stage needs to speak of time and of errors: hours, timestamps, clocks, spans, `Problem`.

Belongs here: pure values. Does not: input or output, or anything that one stage alone needs.
"""
