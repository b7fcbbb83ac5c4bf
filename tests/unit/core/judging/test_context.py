"""Scopes of cues: the table of 200 sentences, and what the rules are for one by one."""

import pytest

from tests.quality import context as quality
from winnow.judging.criteria.context import Context, SegmentContext, tokens
from winnow.judging.criteria.context_rules import match_end, rules_by_first_word


def contexts(sentence: str, target: str) -> set[str]:
    words = tokens(sentence)
    return {
        str(c) for c in SegmentContext(words).contexts(*quality.find(words, tokens(target))[-1])
    }


@pytest.mark.parametrize(
    ("split", "least"), [("dev", 101), ("held", 99), ("fresh", 300), ("unseen", 82)]
)
def test_the_table_of_sentences(split: str, least: int) -> None:
    cases = [case for case in quality.sentences() if case.split == split]
    wrong = [case for case in cases if not case.right]
    assert len(cases) >= least
    assert len(wrong) <= 0.05 * len(cases), wrong


def test_the_table_holds_every_context_and_no_sentence_twice() -> None:
    cases = list(quality.sentences())
    assert len(cases) == len({(case.sentence, case.target) for case in cases})
    assert {case.expected for case in cases} == {*map(str, Context), "affirmed", "uncertain"}


@pytest.mark.parametrize(
    ("sentence", "target", "found"),
    [
        # A habit of now is not of the past.
        ("Smokes twenty cigarettes a day.", "cigarettes", set()),
        ("Drinks some alcohol.", "alcohol", set()),
        # Scope ends: at "but", at a new subject, at a semicolon.
        ("No fever but melena.", "melena", set()),
        ("Denies pain, she has melena.", "melena", set()),
        ("No pain; melena.", "melena", set()),
        ("No pain, fever or melena.", "melena", {"negated"}),
        # Pseudo-cues.
        ("Not only melena.", "melena", set()),
        ("No change in the anemia.", "anemia", set()),
        ("His mother reports melena.", "melena", set()),
        ("Six-month history of melena.", "melena", set()),
        ("The bleeding has not stopped.", "bleeding", set()),
        # What a form says in brackets, or for an answer, of when it was and of whom.
        ("Melena: Past", "melena", {"historical"}),
        ("Melena (Past): Yes", "melena", {"historical"}),
        ("Black stools (childhood): yes, twice", "black stools", {"historical"}),
        ("Past melena: Yes", "melena", {"historical"}),
        ("Melena (Mother): Yes", "melena", {"family"}),
        ("Melena: father", "melena", {"family"}),
        ("Colon cancer (family history)", "colon cancer", {"family"}),
        ("Melena: stopped in May", "melena", {"historical"}),
        ("Melena: see attached report", "melena", {"unknown"}),
        ("Melena: ditto", "melena", {"unknown"}),
        ("Melena, see page 2", "melena", set()),
        # What is asked for, and what is.
        ("The patient must have melena.", "melena", {"hypothetical"}),
        ("Patients with melena qualify.", "melena", {"hypothetical"}),
        ("Document melena.", "melena", {"hypothetical"}),
        ("Example: melena", "melena", {"hypothetical"}),
        ("The patient with melena was seen.", "melena", set()),
        ("Notes document melena.", "melena", set()),
        ("Melena (Current): Yes", "melena", set()),
        ("Melena: past 3 days", "melena", set()),
        ("Melena (past week): Yes", "melena", set()),
        ("Past week, melena daily.", "melena", set()),
        ("Melena (mother present): yes", "melena", set()),
        ("Melena. Reported by: mother", "melena", set()),
        # Directions.
        ("Melena was denied.", "melena", {"negated"}),
        ("Melena has resolved.", "melena", {"historical"}),
        ("Colonoscopy is scheduled.", "colonoscopy", {"planned"}),
        ("Melena, no fever.", "melena", set()),
        # Rule out and ruled out.
        ("Rule out melena.", "melena", {"possible"}),
        ("Melena has been ruled out.", "melena", {"negated"}),
        ("Melena cannot be ruled out.", "melena", {"possible"}),
        # A risk that is named is no risk of what follows; what is at risk of something is.
        ("57M, average risk, hyperplastic polyp.", "polyp", set()),
        ("High risk, no symptoms.", "symptoms", {"negated"}),
        ("At high risk of bleeding.", "bleeding", {"hypothetical"}),
        ("I should mention a new anemia.", "anemia", set()),
        # What an exam is for is no plan, nor is what a form gives as its reason.
        ("Plan capsule for suspected bleeding.", "bleeding", {"possible"}),
        ("Transfusion request. Indication: bleeding.", "bleeding", set()),
        # Who thinks and what a family history has no part in are clauses of their own.
        ("Nothing was found, doctor suspects a bleed.", "bleed", {"possible"}),
        ("No family history, no polyps.", "polyps", {"negated"}),
        ("Suspected in this man's brother.", "suspected", {"family", "possible"}),
        ("The daughter sends a photo of melena.", "melena", set()),
        # What was not read yet is open, and so is what a relative is not sure of.
        ("The colonoscopy has not been reported.", "colonoscopy", {"unknown"}),
        ("Melena was not reported.", "melena", {"negated"}),
        ("The colonoscopy is not in our records.", "colonoscopy", {"unknown"}),
        ("His daughter is not sure about blood.", "blood", {"unknown"}),
        ("One of the uncles, it was not noted which, had a polyp.", "polyp", {"unknown"}),
        ("Nobody in his immediate family has had a polyp.", "polyp", {"family", "negated"}),
        ("His stepfather had a polyp.", "polyp", {"family"}),
        # What was not found is the source, not the bleeding.
        ("Continued bleeding, source not found.", "bleeding", set()),
        ("He loses blood and his hemoglobin does not rise.", "blood", set()),
        ("The requesting provider suspects a bleed.", "bleed", {"possible"}),
        ("Family history empty for polyps.", "polyps", {"family", "negated"}),
        ("Grandma had a polyp.", "polyp", {"family"}),
        ("Negative endoscopies, bleeding.", "endoscopies", {"negated"}),
        ("Colonoscopy nil.", "colonoscopy", {"negated"}),
        # An exam that was not done is no list.
        ("No prior colonoscopy, loose stools.", "stools", set()),
        ("No prior colonoscopy or endoscopy.", "endoscopy", {"negated"}),
        ("No colonoscopy, imaging or endoscopy.", "endoscopy", {"negated"}),
        # Boxes and letters.
        ("( ) suspected bleeding", "bleeding", {"negated", "possible"}),
        ("Bleeding N. Pain Y.", "bleeding", {"negated"}),
        ("Scopes (-), bleeding.", "bleeding", set()),
        ("status post stroke, occult bleeding continues.", "bleeding", set()),
        # A shield: that no source was found does not deny the bleeding.
        ("No source of bleeding was found.", "bleeding", set()),
        ("No source of bleeding was found.", "source of bleeding", {"negated"}),
        # A place: "no bleeding on colonoscopy" does not deny the colonoscopy.
        ("No bleeding on colonoscopy.", "colonoscopy", set()),
        ("No bleeding on colonoscopy.", "bleeding", {"negated"}),
        # A relative stays the subject across "and has".
        ("Her brother had a stroke and has anemia.", "anemia", {"family"}),
        ("His mother had no anemia.", "anemia", {"family", "negated"}),
        # The whole is denied, not its first word.
        ("No bleeding source.", "bleeding", set()),
        ("No bleeding source.", "bleeding source", {"negated"}),
        # Answers, boxes, signs.
        ("Melena: no, anemia: yes", "melena", {"negated"}),
        ("Melena: no, anemia: yes", "anemia", set()),
        ("☐ melena ☑ anemia", "melena", {"negated"}),
        ("☐ melena ☑ anemia", "anemia", set()),
        ("Fatigue, -melena, +anemia", "melena", {"negated"}),
        ("Fatigue, -melena, +anemia", "anemia", set()),
        ("-melena", "melena", set()),
        ("Non-bleeding ulcer.", "bleeding", {"negated"}),
        ("Non-bleeding ulcer.", "ulcer", set()),
        # Neither of two tests told: both were done.
        ("Neither EGD nor colonoscopy showed a source.", "colonoscopy", {"negated"}),
        # A year is the past, unless it is since then.
        ("Melena in 2014.", "melena", {"historical"}),
        ("Anemia since 2014.", "anemia", set()),
        # A new clause, whose words may be cues themselves.
        ("No pain, and melena was seen.", "melena", set()),
        ("No pain, and his mother was anemic.", "anemic", {"family"}),
        # A result behind a colon is no denial of the test; a blank says nothing.
        ("Melena: negative", "melena", {"negated"}),
        ("Melena: ____", "melena", {"unknown"}),
        ("[x] Melena", "melena", set()),
        # What was not reached, or spoilt, says nothing.
        ("Colonoscopy did not reach the cecum.", "colonoscopy", {"unknown"}),
        ("Enterography: motion artifact.", "enterography", {"unknown"}),
        ("The colonoscope was then withdrawn.", "colonoscope", set()),
        ("Anemia is no longer suspected.", "anemia", {"negated"}),
        ("Colonoscopy results withheld.", "colonoscopy", {"unknown"}),
        ("Colonoscopy clear.", "colonoscopy", {"negated"}),
        ("Assuming colonoscopy is fine.", "colonoscopy", {"hypothetical"}),
        ("Melena until 2019.", "melena", {"historical"}),
        ("Patient thinks it is melena.", "melena", {"unknown"}),
        ("Nothing to explain it, believes that melena is real.", "melena", set()),
        ("", "", set()),
    ],
)
def test_rules(sentence: str, target: str, found: set[str]) -> None:
    if not sentence:
        assert SegmentContext(tokens("")).all_contexts == frozenset()
        return
    assert contexts(sentence, target) == found


def test_every_rule_is_reached() -> None:
    """A phrase that a longer one always hides, or that cannot match, is a mistake in the table."""
    for rules in rules_by_first_word().values():
        for rule in rules:
            words = [
                "2016" if word == "<year>" else word
                for part in rule.trigger
                if not isinstance(part, int)
                for word in (min(part - {""}),)
                if word not in ("^", "$")
            ]
            assert match_end(rule.trigger, 0, words) == len(words), rule


@pytest.mark.parametrize("full", [False, True])
def test_no_rule_is_passed_over_for_want_of_a_word_that_follows(full: bool) -> None:
    asked = 0
    for rules in rules_by_first_word().values():
        for rule in rules:
            words: list[str] = []
            for part in rule.trigger:
                if isinstance(part, int):
                    words += ["word"] * part * full
                elif not part & {"^", "$"}:
                    words.append("2016" if "<year>" in part else max(part))
            assert match_end(rule.trigger, 0, words) == len(words), rule
            if rule.second:
                asked += 1
                assert not rule.second.isdisjoint(words[1 : 1 + rule.second_within]), rule
    assert asked > 300


def test_a_test_that_is_negative_was_done() -> None:
    words = tokens("EGD was negative.")
    context = SegmentContext(words)
    assert context.contexts(0, 1) == {Context.NEGATED}
    assert not context.is_denied(0, 1)
    assert SegmentContext(tokens("No EGD.")).is_denied(1, 2)
    assert not SegmentContext(tokens("Neither EGD nor MRI showed it.")).is_denied(1, 2)
    assert SegmentContext(tokens("Neither EGD nor MRI was done.")).is_denied(1, 2)


@pytest.mark.parametrize(
    "sentence",
    [
        "The swelling of the ankle has not gone down.",
        "The rash on the ankle isn't fading.",
        "The leak at the ankle won't stop.",
        "The sore on the ankle has never healed.",
        "The wound of the ankle has not been treated.",
        "The cough has yet to settle.",
        "Free fluid in the abdomen.",
    ],
)
def test_what_has_not_ended_denies_nothing(sentence: str) -> None:
    assert not SegmentContext(tokens(sentence)).negative_clauses


@pytest.mark.parametrize(
    ("sentence", "target"),
    [
        ("Cough free for a week.", "cough"),
        ("He is cough-free.", "cough"),
        ("The neck: a rash nowhere visible.", "rash"),
        ("Wheezing nowhere to be found.", "wheezing"),
        ("The neck has yet to swell.", "neck"),
    ],
)
def test_what_is_denied_behind_its_word(sentence: str, target: str) -> None:
    assert "negated" in contexts(sentence, target)
