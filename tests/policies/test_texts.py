"""Texts, lists and maps from YAML, and nothing else."""

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from policies import texts
from policies.texts import UnreadableError

DATA = st.recursive(
    st.text(st.characters(codec="utf-8", exclude_characters="\x85\u2028\u2029"), max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcdef", min_size=1, max_size=5), inner),
    max_leaves=20,
)


@given(DATA)
@settings(deadline=None)
def test_what_was_written_is_read_as_text(found):
    for flow in (True, False):
        text = yaml.dump(found, Dumper=_Plain, default_flow_style=flow, default_style='"', allow_unicode=True)
        assert texts.read(text) == found


class _Plain(yaml.SafeDumper):
    def ignore_aliases(self, data):
        return True

    def process_tag(self):
        if not isinstance(self.event, yaml.ScalarEvent):
            super().process_tag()


@pytest.mark.parametrize("text", ["no", "2026-01-31", "1:30", "0x1F", "1_000", "~", "null", "1.5"])
def test_no_scalar_is_guessed(text):
    assert texts.read(f"key: {text}") == {"key": text}


def test_nothing_is_none():
    assert texts.read("") is None
    assert texts.read("key:") == {"key": ""}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\na: 2", "key a stands twice, again in line 2"),
        ("? [a]\n: b", "a key is no text in line 1"),
        ("a: &x 1", "an anchor, an alias or a tag stands in line 1"),
        ("a: 1\nb: *x", "an anchor, an alias or a tag stands in line 2"),
        ("a: !!int 1", "an anchor, an alias or a tag stands in line 1"),
        ("a\n---\nb", "it holds more than one document"),
        ("[" * 50 + "]" * 50, "it is nested too deeply in line 1"),
        ("a: [", "did not find expected node content"),
    ],
)
def test_what_two_readers_could_take_differently_is_refused(text, words):
    with pytest.raises(UnreadableError, match=words.replace("[", r"\[")):
        texts.read(text)


def test_depth_does_no_harm():
    with pytest.raises(UnreadableError):
        texts.read("[" * 1_000_000)
