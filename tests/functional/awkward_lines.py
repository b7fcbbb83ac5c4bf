"""Lines that tokenisers disagree on, made from words and from everything that is not one."""

import random
from collections.abc import Callable, Sequence

SENTENCES = (
    "The patient reports three months of recurrent gastrointestinal bleeding.",
    "Hb 7.2 g/dL (ref. 12.0–15.5), MCV 71 fL; ferritin <5 µg/L.",
    "Upper endoscopy and colonoscopy were both negative on 03/14/2024 at 5:30 PM.",
    "No evidence of Crohn's disease… however, small-bowel imaging wasn't done!!!",
    "BP 120/80, HR 72 bpm, SpO₂ 98 %, temp. 37.0 °C, BMI 27½ kg/m².",
    "I felt so ashamed when I realised that I'd forgotten my best friend's wedding :(",
    "----- HISTORY OF PRESENT ILLNESS: ----- ==== **see below** ====",
    "“5 mg”, he said – “not ”50 mg”, ‘twice’ daily”.",
    "The café’s naïve maître d’hôtel served piñata-shaped crème brûlée in Zürich.",
    "visit www.example.org/a?b=c&d=%20e#f or mail first.last+tag@example.org",
    "aaaaaah hahahaha nooooo!!!!!! ........ ,,,, ;;;; ::::: ??!?!",
    "1,234,567.89 + 0.5 = 1234568.39; 10^-3 ≈ 0.001; α-blocker, β₂-agonist",
    "supercalifragilisticexpialidocious pneumonoultramicroscopicsilicovolcanoconiosis",
    "THE QUICK BROWN FOX JUMPS OVER THE LAZY DOG",
    "she said:yes;he said:no,they said:maybe.(really?)[1]{2}<3>",
)

ODD = (
    # combining marks, composed, decomposed, stacked, out of order
    "a\u0301", "á", "e\u0308\u0301", "o\u0302\u0323", "\u0301", "n\u0303o", "A\u030a", "ﬆ", "ǆ",
    # ligatures, full width, fractions, super- and subscripts, letter-like signs
    "ﬁnding", "eﬀect", "ＡＢＣ", "１２３", "：", "！", "½", "²", "ª", "™", "℃", "㎎", "Ⅳ", "①",
    "ſ",
    # other scripts
    "日本語", "中文", "한국어", "\u1112\u1161\u11ab", "русский", "ελληνικά", "العربية",
    "हिन्दी", "ಠ_ಠ", "ไทย",
    # emoji, beyond the basic plane, joined, with modifiers, flags
    "😀", "👍🏽", "👩‍⚕️", "🇨🇭", "𝐁𝐨𝐥𝐝", "𝒳", "𠀋", "❤️", "★", "♥", "►", "░▒▓█",
    # lone halves of pairs, and a pair in two halves
    "\ud83d", "\ude00", "\ud83d\ude00",
    # control characters, line and paragraph separators, unseen and odd spaces
    "\x00", "\x07", "\t", "\r\n", "\n", "\x1b[0m", "\x7f", "\x85", "\u2028", "\u2029", "\u200b",
    "\u200d", "\u00ad", "\ufeff", "\u2060", "\u00a0", "\u2003", "\u202f", "\u3000", "\u1680", " ",
    "  ",
    # the space's own sign, names of reserved pieces, the unknown piece, a piece that stands twice
    "▁", "▁▁", "▁the", "extra_token_id_1", "extra_token_id_3", "<s>", "</s>", "<unk>", "�",
    "”5", "”50",
    # pieces of no score, or with a gain
    ":", ":)", ":(", ":-)", "://", "):", ":30", ":00", ": ", " :", ":30:30", "5:30",
    # younger than some Unicode tables
    "\U0001ccd6\U0001ccf1", "\U0001e030\U0001e03f", "\ua7f1", "\U0001fae8",
    # runs, where segmentations tie
    "--", "---", "-----", "==", "..", "....", "!!!", "aaa", "aaaa", "hahaha", "ooo", "___", "***",
    "  - ",
    "constructor", "__proto__", "toString",
)  # fmt: skip

CHARACTERS = (
    " ▁.,:;!?-=_'\"”“()%/\\0123456789abcdefghinorstuABCáàâäéèñóöü½²µ°–—…•"
    "😀日한ﬁＡ\u0301\u0308\u200b\u00a0\n"
)


def awkward_lines(seed: int, count: int, words: Sequence[str] = ()) -> list[str]:
    """At least `count` different lines; `words` widens what they are made of."""
    rng = random.Random(seed)
    own = sorted({word for message in SENTENCES for word in message.split()})
    lines = ["", *SENTENCES, *ODD]
    lines += [odd * times for odd in ODD for times in (2, 7)]
    lines += [f"{odd} first" for odd in ODD] + [f"last {odd}" for odd in ODD]
    makers: tuple[Callable[[], str], ...] = (
        lambda: _with_odd(rng, rng.choice(SENTENCES)),
        lambda: " ".join(rng.choices([*own, *words, *ODD], k=rng.randint(1, 9))),
        lambda: "".join(rng.choices([*own, *words], k=rng.randint(2, 4))),
        lambda: "".join(rng.choices(CHARACTERS, k=rng.randint(1, 40))),
        lambda: "".join(rng.choices(rng.choices(CHARACTERS, k=3), k=rng.randint(1, 60))),
        lambda: "".join(map(chr, rng.choices(range(0x20, 0x2FF), k=rng.randint(1, 30)))),
        lambda: "".join(map(chr, rng.choices(range(0x300, 0x1F000), k=rng.randint(1, 20)))),
    )
    different = dict.fromkeys(lines)
    while len(different) < count:
        different.update(dict.fromkeys(make() for make in makers))
    return list(different)


def _with_odd(rng: random.Random, message: str) -> str:
    for _ in range(rng.randint(1, 3)):
        at = rng.randint(0, len(message))
        message = message[:at] + rng.choice(ODD) + message[at:]
    return message
