from stages.sentiment.negation import pairs

RATIOS = {"dreary": -2.0, "superb": 2.0, "dull": -1.5, "witty": 1.5, "very": 0.1}


def test_clauses_are_negated_with_the_other_label():
    texts = ["The script is dreary. It was superb!", "I said that, the plot was very dull, he was witty, and left."]
    clauses, labels = pairs(texts, RATIOS, {"it was blue"})
    assert [(" ".join(words), label) for words, label in zip(clauses, labels, strict=True)] == [
        ("the script is dreary", 0), ("the script is not dreary", 1),
        ("it was superb", 1), ("it was not superb", 0),
        ("the plot was very dull", 0), ("the plot wasn't very dull", 1),
        ("he was witty", 1), ("he wasn't witty", 0),
    ]  # fmt: skip


def test_clauses_that_no_last_word_decides_are_left_out():
    texts = ["It is not dreary.", "The dull plot is superb.", "It is blue.", "He never was dull. Nothing is superb."]
    clauses, labels = pairs(texts, RATIOS, {"it was blue"})
    assert clauses == [] and len(labels) == 0
