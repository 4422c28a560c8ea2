"""How good is a result, how sure is that, and what does it look like?

In reading order: measures (intervals, layers of a network), charts (pictures, and what digits are called in them).
In go arrays of what was measured; out come numbers with intervals, and matplotlib figures.
"""
