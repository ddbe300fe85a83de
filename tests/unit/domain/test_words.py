# ruff: noqa: RUF001 - look-alikes are what is tested
"""Forbidden words: what they find however it is written, and the ordinary prompts that they leave alone."""

import itertools

import pytest

from bot.domain.words import WORD_LIMIT, WordProblem, WordProblemError, find_forbidden, parse_word

LIST = tuple(
    map(
        parse_word,
        (
            "arse", "ass", "cock", "cum", "damn", "dick", "dyke", "fag", "hell", "hoe", "kike", "nazi", "pot",
            "pussy", "rape", "sex", "slut", "spic", "tit", "tits", "wank", "whore", "*fuck*", "*shit*",
            "cunt*", "*bitch", "merde", "scheiße", "puta", "хер", "*сука*", "taylor swift", "馬鹿", "*ばか*",
        ),
    )
)  # fmt: skip
"""A list as a moderator of a family-friendly server could write it."""
FOUND = {
    "DAMN": "damn",
    "dämn": "damn",
    "ｄａｍｎ": "damn",
    "𝖉𝖆𝖒𝖓": "damn",
    "ⓓⓐⓜⓝ": "damn",
    "d.a.m.n": "damn",
    "d-a-m-n it": "damn",
    "D A M N": "damn",
    "da-mn": "damn",
    "da_mn": "damn",
    "da\u200dmn": "damn",
    "da\u00admn": "damn",
    "d\u0430mn": "damn",
    "d4mn": "damn",
    "5lut": "slut",
    "he11": "hell",
    "wh0r3": "whore",
    "a$$": "ass",
    "$h1t!": "*shit*",
    "p\u03bft": "pot",
    "\u0440\u043e\u0442": "pot",
    "bullshitter": "*shit*",
    "unfuckingbelievable": "*fuck*",
    "cunts": "cunt*",
    "sonofabitch": "*bitch",
    "SCHEISSE": "scheisse",
    "Scheiße": "scheisse",
    "Taylor  SWIFT's song": "taylor swift",
    "t\u0430ylor-swift": "taylor swift",
    "Хер": "хер",
    "x\u0435p": "хер",
    "ну и сука!": "*сука*",
    "馬鹿": "馬鹿",
    "このばかもの": "*ばか*",
}


@pytest.mark.parametrize(("prompt", "word"), FOUND.items())
def test_a_forbidden_word_is_found_however_it_is_written(prompt: str, word: str) -> None:
    assert find_forbidden(prompt, LIST) == word
    assert find_forbidden(f"A song, {prompt}, for all.", LIST) == word


@pytest.mark.parametrize(
    "prompt",
    [
        "chords: F A G C, then D-E-A-D",
        "B A D, F-A-G and C A B E",
        "he'll be there, and who're you? we'll see, she’ll sing",
        "у меня болит рот, а не зуб",
        "top 40 of 1984 with an mp3 and a 303, 4 on the floor",
        "Scunthorpe, Penistone and Cockburn in Essex, Middlesex and Sussex",
        "glas-shop, beta-sound, pa-s-sage",
        "pea soup, cocktails and a peacock",
        "",
        "🎵🎶",
    ],
)
def test_music_contractions_names_and_other_languages_are_left_alone(prompt: str) -> None:
    assert find_forbidden(prompt, LIST) is None


STYLES = (
    "a warm acoustic ballad", "classic rock", "bass-heavy dubstep", "brass band",
    "glassy ambient pads", "a cappella choir", "hello-kitty pop", "grape-vine soul", "cumbia",
    "Sussex folk", "Dickensian chamber pop", "titanic strings", "spicy salsa", "cockney knees-up",
    "swanky lounge jazz", "shiitake lo-fi", "eine ruhige Ballade", "ein Walzer mit Bass",
    "Klassik für Kinder", "Assel-Polka", "dichter Nebel aus Klang", "une ballade douce",
    "un tango passionné", "du jazz manouche", "une comptine pour la mer de Bretagne",
    "una balada tranquila", "cumbia alegre", "reggaetón para bailar", "disputa de coplas",
    "computación musical", "тихая баллада", "весёлая песня", "рок о дожде", "хор и орган",
    "русская плясовая", "μια ήρεμη μπαλάντα", "ρεμπέτικο της θάλασσας", "spokojna ballada",
    "wesoła polka", "sakin bir türkü", "静かなバラード", "夏の歌", "一首安静的歌", "조용한 발라드", "शांत गीत",
    "أغنية هادئة", "שיר שקט",
)  # fmt: skip
THEMES = (
    "the last bus home", "an assassin's regret", "a passenger in the grass",
    "shell collecting in Seychelles", "hello and farewell", "a document from the analyst",
    "the therapist and the drapes", "cumulus clouds", "a title without a titan", "scraping winds",
    "the cockpit at night", "Dickens and Hancock", "a potter and his pottery", "the spice of life",
    "the shoe and the hoeing farmer", "a pitbull named Matsu", "swan lakes", "Arsenal's season",
    "the canal in Lancashire", "harassment must end", "the button factory", "der letzte Bus",
    "die Klasse meiner Tochter", "das Assessment", "ein schöner Tag in Passau", "le dernier bus",
    "la classe de neige", "l'assiette et la tasse", "mon canard", "el último autobús",
    "la computadora", "el reputado pianista", "последний автобус", "херсонский порт",
    "сукно и нитки", "рот и нос", "сок и мёд", "он, а не она", "το τελευταίο λεωφορείο", "η φωνή",
    "ostatni autobus", "son otobüs", "最後のバス", "馬と鹿の森", "最后一班车", "막차", "आख़िरी बस",
    "الحافلة الأخيرة", "האוטובוס האחרון",
)  # fmt: skip
TEMPLATES = ("{0} about {1}", "{1}: {0}", "[Verse] {0}, {1}!", "{0} — {1} (120 BPM, A minor)")


def test_thousands_of_ordinary_prompts_in_many_languages_are_left_alone() -> None:
    prompts = [
        form.format(style, theme) for form, style, theme in itertools.product(TEMPLATES, STYLES, THEMES)
    ]
    ordinary = [one for prompt in prompts for one in (prompt, prompt.upper())]
    assert len(ordinary) > 10_000
    bitten = {prompt: word for prompt in ordinary if (word := find_forbidden(prompt, LIST)) is not None}
    assert bitten == {}


def test_a_long_prompt_against_a_full_list_finds_the_last_word() -> None:
    words = (*(parse_word(f"*word{number:03}*") for number in range(199)), "end")
    assert find_forbidden("lorem ipsum dolor sit amet, " * 180 + "the ending", words) is None
    assert find_forbidden("lorem ipsum dolor sit amet, " * 180 + "the end", words) == "end"


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("  Damn ", "damn"),
        ("*DAMN *", "*damn*"),
        ("* Taylor   Swift", "*taylor swift"),
        ("ＤＡＭＮ", "damn"),
        ("ß", "ss"),
        ("馬", "馬"),
    ],
)
def test_an_entry_is_stored_in_one_form(text: str, stored: str) -> None:
    assert parse_word(text) == stored
    assert parse_word(stored) == stored


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", WordProblem.TOO_SHORT),
        ("*", WordProblem.TOO_SHORT),
        ("x", WordProblem.TOO_SHORT),
        ("*ab", WordProblem.TOO_SHORT),
        ("!!!", WordProblem.TOO_SHORT),
        ("da*mn", WordProblem.INNER_STAR),
        ("a" * (WORD_LIMIT + 1), WordProblem.TOO_LONG),
    ],
)
def test_what_would_forbid_everything_or_nothing_is_refused(text: str, problem: WordProblem) -> None:
    with pytest.raises(WordProblemError) as raised:
        parse_word(text)
    assert raised.value.problem is problem
