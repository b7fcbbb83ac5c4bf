"""Shorthand and capitals written out, before anything is compared."""

import pytest

from winnow.judging.text.shorthand import expand_shorthand


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("EGD neg, C-scope wnl.", "upper endoscopy negative, colonoscopy normal."),
        ("Pt w/o melaena, s/p 2u PRBC", "Patient without melena, status post 2u red cells"),
        ("anemia=N; melena=y, Hgb=9", "anemia: no; melena: yes, hemoglobin=9"),
        ("FOBT+, Hgb 7.2", "fecal occult blood test positive, hemoglobin 7.2"),
        ("Guaiac + stool, FIT -ve", "Guaiac positive stool, fecal immunochemical test negative"),
        ("2+ edema, A + B, Na+ 140", "2+ edema, A + B, Na positive 140"),
        ("THE PT IS ANEMIC. EGD NEG.", "The patient is anemic. upper endoscopy negative."),
        ("MELENA.", "Melena."),
        ("-EGD nl. Colo (TI)", "-upper endoscopy normal. Colonoscopy (terminal ileum)"),
        # The answers of forms.
        ("Pain? [x] Yes [ ] No", "Pain: Yes"),
        ("Symptoms (check all that apply): [x] pain [ ] bleeding [ ] none", "Symptoms: pain"),
        ("Symptoms (check all that apply): [x] a [x] b [ ] c", "Symptoms: a, b."),
        ("Symptoms (check one): [x] a [x] b [ ] c", "Symptoms: unknown."),
        ("Pain, fever: no / no", "Pain: no; fever: no"),
        ("Pain/fever: n/y.", "Pain: no; fever: yes."),
        ("Pain, fever, cough: no / no", None),
        ("mother w/ colon ca", "mother with colon cancer"),
        # What only looks like shorthand.
        ("Seen by PT; fit and well, a colon with a neg.ative", None),
        ("Ti plate, sb, pos-op", None),
        ("EGD/colo neg/pos, I/O", "upper endoscopy and colonoscopy negative/positive, I/O"),
        ("ICU", None),
        ("", ""),
    ],
)
def test_written_out(text: str, plain: str | None) -> None:
    assert expand_shorthand(text) == (text if plain is None else plain)


def test_written_out_twice_is_written_out_once() -> None:
    for text in ("EGD NEG, PT W/O MELENA AND ANEMIC", "Pt c/o BRBPR, Hgb 8, CTE nl"):
        assert expand_shorthand(expand_shorthand(text)) == expand_shorthand(text)
