import pytest

from stages.textgen import sizes


@pytest.mark.parametrize(("characters", "row"), [(10, 0), (59_999, 0), (60_000, 1), (10**9, -1)])
def test_what_is_left_open_is_chosen_by_the_size_of_the_text(params, characters, row):
    settings, expected = sizes.chosen(params.textgen, characters), params.textgen.sizes[row]
    for section, names in ((settings.network, sizes.NETWORK), (settings.training, sizes.TRAINING)):
        assert [getattr(section, name) for name in names] == [getattr(expected, name) for name in names]


def test_a_row_has_all_that_may_be_left_open(params):
    assert set(type(params.textgen.sizes[0]).model_fields) == {"characters", *sizes.NETWORK, *sizes.TRAINING}


def test_what_is_set_stays(params):
    network = params.textgen.network.model_copy(update={"units": [5], "dropout": 0.0})
    training = params.textgen.training.model_copy(update={"steps": 3, "optimizer": "muon"})
    mine = params.textgen.model_copy(update={"network": network, "training": training})
    settings = sizes.chosen(mine, 100_000)
    assert (settings.network.units, settings.network.dropout) == ([5], 0.0)
    assert (settings.training.steps, settings.training.optimizer) == (3, "muon")
    assert settings.training.batch == params.textgen.sizes[1].batch


def test_a_text_is_read_so_many_times(params):
    settings = sizes.chosen(params.textgen, 102_400)
    found = sizes.of(settings, 102_400)
    assert found["passes"] == found["steps"] * settings.training.batch * settings.training.length / 102_400
    for section, names in ((settings.network, sizes.NETWORK), (settings.training, sizes.TRAINING)):
        assert {name: found[name] for name in names} == {name: getattr(section, name) for name in names}
