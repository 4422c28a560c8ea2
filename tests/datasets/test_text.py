from stages.datasets.text import script, title_of

PLAY = r"""# The Test

## ACT I

### SCENE I. A room, &amp; c.

_Enter FOOL and KING,
with TIMON 's men_

**FOOL**~
A line—broken~
in two,'\--so.

_Exit KING_

And he goes on.

**KING & FOOL**~
_\[Aside]_~
No.

*Exeunt*
""".replace("~", "  ")  # two spaces: Markdown's line break


def test_play_becomes_a_plain_script():
    assert script(PLAY, "the-test.md") == (
        "The Test\n\nACT I\n\nSCENE I. A room, &c.\n\n"
        + "[Enter FOOL and KING, with TIMON's men]\n\n"
        + "FOOL:\nA line--broken\nin two,'--so.\n[Exit KING]\nAnd he goes on.\n\n"
        + "KING & FOOL:\n[Aside]\nNo.\n\n[Exeunt]"
    )


def test_heading_broken_by_an_empty_line_is_joined():
    assert "SCENE II. A hall: a trunk in it.\n\n[Dies]" in script(
        "# A\n\n### SCENE II. A hall:\n\na trunk in it.\n\n_Dies_", "a.md"
    )


def test_direction_between_speeches_stands_alone():
    text = script("# A\n\n**X**  \nOne.\n\n_Exit_\n\n**Y**  \nTwo.", "a.md")
    assert text == "A\n\nX:\nOne.\n\n[Exit]\n\nY:\nTwo."


def test_speech_does_not_run_on_into_the_next_scene():
    text = script("# A\n\n**X**  \nOne.\n\n### SCENE II\n\nNothing said.", "a.md")
    assert text.endswith("One.\n\nSCENE II\n\nNothing said.")


def test_lost_underscore_leaves_no_trace():
    assert "X:\n[Within]\nWho's there?" in script("# A\n\n**X**  \n\\[Within]_  \nWho's there?", "a.md")


def test_missing_title_comes_from_the_file_name():
    assert script("## ACT I\n\n**X**  \nOne.", "plays/measure-for-measure.md").startswith(
        "Measure for Measure\n\nACT I\n\n"
    )
    assert title_of("the-comedy-of-errors.md") == "The Comedy of Errors"


def test_windows_line_ends_change_nothing():
    assert script(PLAY.replace("\n", "\r\n"), "x.md") == script(PLAY, "x.md")
