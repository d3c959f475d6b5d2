"""Every word on a page can be translated, and nothing is drawn as the headers forbid."""

from __future__ import annotations

import gettext
import re
from pathlib import Path

import pytest

import consentry.web
from consentry.web.i18n import N_, translations
from consentry.web.pages import Pages

TEMPLATES = sorted(Path(consentry.web.__file__).parent.rglob("templates/*.html"))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_every_word_on_a_page_can_be_translated(path):
    text = path.read_text(encoding="utf-8")
    bare = re.sub(r"\{#.*?#\}|\{% trans.*?endtrans %\}", " ", text, flags=re.DOTALL)
    bare = re.sub(r"\{[{%].*?[%}]\}", " ", bare, flags=re.DOTALL)
    bare = re.sub(r"<[^>]*>", " ", bare)
    words = set(re.findall(r"[A-Za-z]{2,}", bare)) - {"Consentry", "px", "ms"}
    assert words == set()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_page_draws_or_runs_what_the_policy_forbids(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\sstyle=|\son[a-z]+=|<style|javascript:|https?://", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    assert "|safe" not in text.replace(" ", "")


def test_without_a_catalogue_the_words_are_english():
    assert translations("xx").gettext("Decide") == "Decide"
    assert N_("Decide") == "Decide"


def test_a_catalogue_changes_the_words_and_is_never_trusted_as_markup(tmp_path, monkeypatch):
    class Shouting(gettext.NullTranslations):
        def gettext(self, message):
            return f"<b>{message.upper()}</b>"

    monkeypatch.setattr("consentry.web.pages.translations", lambda _language: Shouting())
    (tmp_path / "one.html").write_text("{{ _('decide') }} {{ _(given) }}")
    page = Pages(tmp_path).render("one.html", given="100 % <i>")
    assert page == "&lt;b&gt;DECIDE&lt;/b&gt; &lt;b&gt;100 % &lt;I&gt;&lt;/b&gt;"


def test_a_template_that_asks_for_what_is_not_there_fails(tmp_path):
    (tmp_path / "one.html").write_text("{{ nothing }}")
    with pytest.raises(Exception, match="nothing"):
        Pages(tmp_path).render("one.html")
