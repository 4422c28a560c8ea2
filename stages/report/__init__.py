"""What came out of this run, in words and charts?

Read build.py first, then results.py (what is read), one file per task (the variables of its template and its charts)
and wording.py (numbers and comparisons as words). In: metrics, series, pictures and texts of all evaluations. Out:
report/README.md, the same as one page of HTML, its charts, and a card for each model.
"""
