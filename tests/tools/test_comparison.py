from tools.comparison import numbers


def test_every_number_has_its_dotted_key_and_words_are_left_out():
    content = {"nats": 1.5, "interval": [1, 2.0], "inner": {"digits": 3, "kernels": "portable"}}
    assert dict(numbers(content)) == {"nats": 1.5, "interval.0": 1, "interval.1": 2.0, "inner.digits": 3}
