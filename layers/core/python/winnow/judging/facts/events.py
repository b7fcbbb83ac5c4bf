"""When an event (a procedure, a finding) was last done and completed, as a text says it.

`read_event` gives the interval of possible dates, "never", "not since", or unknown. Every mention
of the event in the text is one of:

- done, with a date or without ("Colonoscopy 3/2015 normal", "prior colonoscopy was normal");
- never done ("denies ever having a colonoscopy", "Colonoscopy: none");
- not done since ("no colonoscopy in over a decade", "due since 2019");
- incomplete ("aborted", "poor preparation", "cecum not reached");
- not counted: planned, scheduled, cancelled, refused, hypothetical, of a relative, in doubt, and
  look-alikes ("virtual colonoscopy").

A date belongs to the nearest thing in its clause that can have one: in "colonoscopy 2012, EGD 2019"
the second is the EGD's. Of several events the latest counts. Statements that contradict each other
("never had one", "normal in 2015") leave it unknown, as does a denial that is restricted ("never
had one here"). Behind a mention it may be said without the name that it was done again (later.py).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from typing import NamedTuple, Protocol

from winnow.judging.criteria.context import Context, context_of, tokens
from winnow.judging.facts.ages import AgeReading
from winnow.judging.facts.dates import (
    DateInterval,
    DateKind,
    DateOrder,
    DateReading,
    add_months,
    elapsed,
    find_dates,
    guess_order,
)
from winnow.judging.facts.later import later_times
from winnow.judging.facts.patterns import compiled, match_at, search
from winnow.judging.facts.people import FAMILY, PATIENT
from winnow.judging.facts.sentences import begins_part, sentences
from winnow.judging.lazy_patterns import lazy_pattern


@dataclass(frozen=True)
class Event:
    """What is looked for."""

    name: str
    aliases: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    """Look-alikes that contain a name: "CT colonoscopy". "virtual" and such are known."""


class EventStatus(StrEnum):
    """What a text says of an event."""

    DONE = "done"
    NEVER = "never"
    NOT_SINCE = "not_since"
    """Not since a day; before it, perhaps, perhaps never."""
    INCOMPLETE = "incomplete"
    UNKNOWN = "unknown"
    NOT_COUNTED = "not_counted"
    """Only of a mention: planned, refused, of a relative, in doubt, and so on."""


LATER = "later"
"""Why a reading is not counted: it says that the event was done again, or on another day."""
_WATCHED = 2
"""So many sentences behind a mention may say that."""


class EventReading(NamedTuple):
    """One mention of the event."""

    start: int
    end: int
    status: EventStatus
    when: DateInterval | None
    """Of what was done, the days on which it can have been; None: not said."""
    why: str = ""
    """Of a mention that is not counted, what undoes it."""
    marks: frozenset[str] = frozenset()
    """Words that order events: "last", "first", "repeat"."""


class EventFact(NamedTuple):
    """What a text says about an event, from all its mentions."""

    status: EventStatus
    last: DateInterval | None
    """Of DONE, the days on which it was last done; of NOT_SINCE, those on which it may have been
    done."""
    start: int
    end: int
    sentence: str
    """In words: "last colonoscopy 2015-03, 9 years before 2024-04-15"."""
    readings: tuple[EventReading, ...] = ()


def read_event(
    text: str,
    event: Event,
    record_date: date | None = None,
    order: DateOrder | None = None,
    age: AgeReading | None = None,
) -> EventFact:
    """When the event was last done and completed.

    Args:
        text: A note.
        event: What is looked for.
        record_date: The day of the record; without it only written dates are read.
        order: What "03/04/2015" is.
        age: The patient's age, to read "colonoscopy at age 50".
    """
    order = order or guess_order(text)
    return combine(find_events(text, event, record_date, order, age), event, record_date)


def find_events(
    text: str,
    event: Event,
    record_date: date | None = None,
    order: DateOrder | None = None,
    age: AgeReading | None = None,
) -> list[EventReading]:
    """Every mention of the event, and what it says."""
    find, others = _names(event)
    if not find.search(text):
        return []
    exams = compiled(f"(?:{find.pattern})|{_OTHER_EXAM}")
    reader = _Reader(text, record_date, order, age, find, others)
    family = False
    of_exams: set[bool] = set()
    before: list[_Mention] = []
    readings: list[EventReading] = []
    later: list[EventReading] = []
    told: list[EventReading] = []
    watched = 0
    seen, gap, colon = 0, -1, -1
    for start, end in sentences(text):
        gap = max(gap, text.rfind("\n\n", max(0, seen - 1), start))
        colon = max(colon, text.rfind(":", seen, start))
        seen = start
        if begins_part(text, start):
            family, before, of_exams, told = False, [], set(), []
        is_of_it = of_exams == {True}
        of_exams |= {
            find.match(text, m.start()) is not None for m in exams.finditer(text, start, end)
        }
        heading = match_at(_HEADING, text, start, end)
        if heading is not None:
            family = match_at(r"\W{0,4}(?:family|fh|fhx)\b", text, start, end) is not None
        elif gap > colon:
            family = False
        mentions = [_Mention(m.start(), m.end()) for m in find.finditer(text, start, end)]
        mentions = [
            m
            for number, m in enumerate(mentions)
            if not number or _LETTER.search(text, mentions[number - 1].end, m.start)
        ]
        if mentions:
            ones = compiled(_THE_ONE).finditer(text, mentions[0].end, end)
            mentions = sorted([*mentions, *(_Mention(m.start(), m.end()) for m in ones)])
        mentions = [m for m in mentions if not others.is_part_of(text, m.start, m.end, start, end)]
        if mentions:
            if told and watched < _WATCHED:
                later += reader.later(start, end, told, watched + 1)
            told = reader.read(start, end, mentions, family)
            readings += told
            before = mentions
            later += reader.later(start, end, told, 0)
            watched = 0
        elif is_of_it and (field := match_at(_LAST_FIELD, text, start, end)):
            readings += reader.answered(start, field.end(), end)
        elif before and readings and match_at(_REFERS_BACK, text, start, end):
            reader.add(start, end, readings, len(before))
        else:
            before = []
        if not mentions and told and watched < _WATCHED:
            watched += 1
            later += reader.later(start, end, told, watched)
    return readings + later


# -- names ----------------------------------------------------------------------------------------

_LOOKALIKE = r"(?:virtual|ct|c\.t\.|capsule|mr|computed tomograph(?:y|ic)|flex(?:ible)?)[ -]$"
_PREPARES = (
    r" (?:prep(?:aration)? (?:instructions?|kit|was (?:given|sent|prescribed|ordered)"
    r"|sent|given|called)"
    r"|instructions?|referral|order|consent|appointment|reminder|risks?|scheduling"
    r"|handout|education"
    r"|information|coverage|benefits?|guidelines?|suite|screening (?:is )?(?:due|overdue))\b"
)
_HEADING = r"\W{0,4}[A-Za-z][A-Za-z /&]{1,40}:"
_REFERS_BACK = (
    r"(?:\s{0,3}[\[(☐☒☑]|\s{0,3}yes\b|\s{0,3}(?:no?|nil)\W{0,2}$|\s{0,3}\d{1,4}[/-]\d{1,4}"
    r"|\s{0,3}\d{4}\W{0,2}$|\W{0,4}(?:(?:i|he|she|they|patient|pt)(?:['’]ve|['’]s| has"
    r"| have| had)? (?:never|not)|(?:(?:i|he|she|they|patient|pt) )?had (?:one|it)|it"
    r"|this|that|these|they|both|the (?:procedure|exam(?:ination)?|test"
    r"|study|last|most recent"
    r"|first|prep\w*|scope|cecum|caecum|report|findings?|result)|(?:his|her"
    r"|their) (?:last|most recent)"
    r"|last|most recent(?:ly)?|none|never|no repeat|done|performed|completed|date|was"
    r"|prep\w*|poor|cecum"
    r"|result|findings?|normal|negative|incomplete|aborted|unremarkable|repeat|nothing)\b)"
)


_LETTER = lazy_pattern(r"[A-Za-z]")
_THE_ONE = (
    r"(?<!\w)the (?:(?:other|next|second|first) )?one(?= (?:in|on|of|from|dated|done"
    r"|performed|was|is)\b)"
)


_OF_ANY_KIND = r"\bendoscop(?:y|ies)(?=\s{1,3}(?:of any (?:kind|sort|type)|whatsoever)\b)"
"""Denied, it denies every endoscopy."""
_LAST_FIELD = (
    r"\W{0,4}(?:\d{1,2}[.)] )?(?:last|latest|most recent|prior|previous)"
    r"(?: (?:complete |full )?(?:exam(?:ination)?|study|one|procedure|scope|test))?"
    r"(?: (?:date|done|performed))? ?[:?] ?"
)
"""A field of an order for the event: "Last exam: 02/2021"."""


class _Others(NamedTuple):
    lookalikes: "re.Pattern[str] | None"

    def is_part_of(self, text: str, start: int, end: int, first: int, last: int) -> bool:
        """Whether a name is part of a look-alike, or of what only prepares the event."""
        if search(_LOOKALIKE, text[max(first, start - 24) : start]):
            return True
        if self.lookalikes is not None and any(
            m.start() <= start and end <= m.end()
            for m in self.lookalikes.finditer(text, max(first, start - 40), min(last, end + 40))
        ):
            return True
        return match_at(_PREPARES, text, end, last) is not None


@cache
def _names(event: Event) -> tuple["re.Pattern[str]", _Others]:
    names = (event.name, *event.aliases)
    find = _any_of(names)
    if event.name.endswith("scopy"):
        find = re.compile(f"{find.pattern}|{_OF_ANY_KIND}", find.flags)
    return find, _Others(_any_of(event.others) if event.others else None)


def _any_of(names: Iterable[str]) -> "re.Pattern[str]":
    parts = []
    for name in sorted(names, key=len, reverse=True):
        words = r" ".join(re.escape(word) for word in name.split())
        if name[-5:].lower() == "scopy":
            words = words[:-1] + "(?:y|ies|ed)"
        elif name[-1:] == "y":
            words = words[:-1] + "(?:y|ies)"
        parts.append(words + ("(?:s|d)?" if name[-1:] == "e" else "(?:e?s)?"))
    # "last_colonoscopy=2016" is one, too.
    return compiled(r"(?<![^\W_])(?<!-)(?:" + "|".join(parts) + r")(?![^\W_])")


# -- one segment ----------------------------------------------------------------------------------


class _Make(Protocol):
    """Makes the reading of a mention."""

    def __call__(
        self, status: EventStatus, when: DateInterval | None = None, why: str = ""
    ) -> EventReading: ...


class _Mention(NamedTuple):
    start: int
    end: int


_CLAUSE_END = (
    r";|,? but\b|,? however\b|,? although\b|,? though\b|,? whereas\b|,? while\b|\n|,? and then\b"
    r"|, and (?=he |she |they |has |had |underwent |was |is )|,? then (?=had|underwent)| – | — "
    r"|, (?=he |she |they |patient |pt )"
)
_ATTRACTORS = (
    r"(?<=\s\s\s)date ?:|(?<![\w-])(?:egds?|e\.g\.d|upper endoscop\w+|gastroscop\w+|endoscop\w+"
    r"|colonoscop\w+|colonograph\w+|c-?scopes?"
    r"|(?:flex(?:ible)? )?sig(?:moidoscop\w+)?s?|capsule|enteroscop\w+|cts?|mris?|mre"
    r"|cte|ultrasounds?|us|x-?rays?|cxr"
    r"|mammogra\w+|paps?|dexa|dxa|bone densit\w+|fit|fobt|cologuard|stool|hemoccult"
    r"|guaiac|barium|ercp|eus"
    r"|biops\w+|surger\w+|operation|\w+ectomy|\w+plasty|bypass|cabg|stents?|echo\w*"
    r"|stress test|cath\w*|angiogra\w+"
    r"|psa|vaccin\w+|shots?|mi|strokes?|cva|diagnosed|diagnosis|dx'?d?|died"
    r"|passed away|born|dob|retired|quit"
    r"|stopped|moved|labs?|hgb|hb|hemoglobin|visit|seen|admitted|admission"
    r"|hospitali[sz]\w+|transfus\w+|cancer"
    r"|menopause|married|divorced|fell|fractur\w+|started|since (?:he|she)|anoscop\w+"
    r"|arthroscop\w+|hysteroscop\w+|laryngoscop\w+|cystoscop\w+|bronchoscop\w+"
    r"|laparoscop\w+|letter|signed|dictated|faxed|scanned|typed|reviewed|records"
    r"|appendicitis|diverticulitis|pregnan\w+|deliver\w+|pcp|consult\w*"
    r"|clinic|last seen|repair"
    r"|replacement|tkr|thr|dvt|pe|covid|tetanus|flu|pneumonia)\b"
)
_EXCEPT_BEFORE = (
    r"\b(?:except|other than|besides|apart from|aside from|but for|save)\b"
    r"(?:[^,;.]{0,60}$|[^;.]{0,30}\b(?:(?:19|20)\d\d|once|one|time|ago|last)\b)"
)
"""In front of a denial it may be of what is denied: "other than in 2022 she never had one"."""
_NOT_ITS_DATE = (
    r"\b(?:next|repeat|recall|due|return|follow-?up|recommended|recommend|planned|scheduled|until"
    r"|valid|expires?|rescheduled|needed|surveillance)(?:[ :,]|in|on|is|for|was|by"
    r"|again|date|interval"
    r"|to|be|at){0,4} ?$"
)
_FUTURE_SPAN = (
    r"\b(?:repeat|recall|return|follow-?up|next|due|recommend\w*|surveillance|back|again)\b"
)

_RELATIVE_TELLS = (
    rf"{FAMILY} (?:states?|reports?|reported|says|said|confirms?|notes?|recalls?|stated|adds|who"
    r" (?:reports|says|confirms))"
)

_ADJECTIVES = (
    r"(?:a|an|any|the|prior|previous|past|ever|screening|diagnostic|surveillance|known"
    r"|documented|lifetime|history"
    r"|hx|of|personal|having|had|undergone|underwent|been|gotten|received|done|completed"
    r"|having had|undergoing|complete|full"
    r"|adequate|for|formal|initial|first|his|her|single|one|even|yet|egd|or|and"
    r"|baseline|colon cancer|crc"
    r"|upper|endoscop(?:y|ies)|egds?|sigmoidoscop(?:y|ies)|performed|offered|screened"
    r"|with|by|via|to have|gone|in|life|have|age-appropriate|routine|optical|actually|scoped"
    r"|colon|colorectal|cancer)"
)
_NEVER_BEFORE = (
    r"(?:\b(?:never|no|not|hasn[’']t|haven[’']t|hadn[’']t|without|denies|denied|nor"
    r"|deny|zero|didn[’']t)\b"
    r"|\b(?:absence|lack) of\b)(?: other)?"
    rf"(?:[ ,/(]{{1,2}}(?:{_ADJECTIVES})\b){{0,7}} ?\(?$|\byet to (?:have|undergo|get"
    rf"|receive) (?:his|her|their|an?y) (?:very )?(?:first )?(?:screening )?$"
)
_NEVER_BEHIND = (
    r" ?(?:screening )?(?:history|hx)? ?(?:-?naive\b|(?:ever|before|previously|done"
    r"|performed)? ?(?:done)? ?[?:] ?(?:no|none|never|n)\b(?! (?:polyps?|abn|evid"
    r"|mass|les|find|bleed|source|path))|,? ?(?:not once|not ever)\b|[:="
    r"|–-] ?(?:(?:he|she|patient|pt) )?(?:has "
    r"|have )?(?:screening )?(?:none|never|no\b(?! (?:polyps?|abn|evid|mass|les|find"
    r"|bleed|source|path))|nil|not (?:done|yet)|0\b|negative history)"
    r"|\(?(?:was |were |has |have )?never\b(?! (?:repeated|followed|again))"
    r"|\(?(?:has |have |was |were )?not (?:yet |ever )?(?:been )?(?:done|performed|had"
    r"|undertaken|obtained)"
    r"|,? none\b(?! (?:since|after|in|for)))"
)
_FORM = (
    r"\s{0,3}[?:]?\s{0,20}(?:(?:\[\s?\]|\(\s?\)|☐|□)\s?(?:yes|y)[\s,/]{1,20}(?:\[x\]"
    r"|\(x\)|☒|☑)\s?(?:no|n)\b"
    r"|(?:\[x\]|\(x\)|☒|☑)\s?(?:no|n)\b|(?:yes|y)\s?(?:\[\s?\]|☐)\s{0,8}(?:no|n)\s?(?:\[x\]|☒|☑))"
)
"""Boxes: "[ ] Yes  [X] No"."""
_UNTICKED = r"\(\s?\)|\[\s?\]|☐"
_TICKED = r"(?:\(x\)|\[x\]|☒|☑)\s?(?P<option>[^()\[\]☐☒☑\n]{1,60})"
_FORM_YES = r"\s{0,3}(?:(?:\[x\]|\(x\)|☒|☑)\s?)?(?:yes|y)\b(?!\s?(?:\[\s?\]|☐))"
_DOUBTED_ABSENCE = (
    r"\bno (?:record|report|documentation|results?|information|data|mention|evidence"
    r"|note|recollection"
    r"|copy|details?|outside|available)s?\b"
)
_UNDONE = (
    (
        "refused",
        r"\b(?:declin\w+|refus\w+|not interested|unwilling|reluctan\w+|prefers? not"
        r"|does not want|did not want"
        r"|didn[’']t want|doesn[’']t want|opt(?:ed|s) (?:out|against|for)|afraid"
        r"|hesitant|deferr?(?:ed|s|ing)"
        r"|not willing|resist\w+|avoid\w+|chose not|put off|postpon\w+)\b",
    ),
    (
        "cancelled",
        r"\b(?:cancel+ed|cancel+ation|cancel+ing|no[- ]show(?:ed)?|missed"
        r"|(?:did not|didn[’']t) (?:attend|go|happen|keep"
        r"|show(?: up)?(?= ?[.,;)]| (?:for|to|on|up)\b|$))"
        r"|rescheduled|was not (?:done|performed)"
        r"|not performed|not done"
        r"|never (?:happened|went|done|scheduled|completed|got|showed|performed|followed))\b",
    ),
    (
        "doubtful",
        r"\b(?:unclear|unsure|uncertain|unknown|not sure|not clear|whether|does(?: not"
        r"|n[’']t) (?:recall|remember|know)"
        r"|do not know|cannot (?:recall|remember)|can[’']t (?:recall|remember)"
        r"|may or may not|may have|might have|possibl[ey]|perhaps"
        r"|probabl[ey]|believes?|thinks?|supposedly|allegedly|could have|questionable"
        r"|unable to (?:recall|verify"
        r"|confirm|obtain)|not (?:confirmed|verified|available|documented|recorded)"
        r"|unconfirmed|unverified"
        r"|withdrawn|in error|misfiled|wrong (?:patient|chart)|another patient"
        r"|other patient|no record"
        r"|no report|no documentation|no evidence|not on file|seems to|apparently"
        r"|or (?:was )?(?:it|a sig\w*)\b"
        r"|vague\w*|cannot be (?:confirmed|verified)|pending|conflicting)\b",
    ),
    (
        "planned",
        r"\b(?:scheduled|schedule|scheduling|plan(?:s|ned|ning)?|due|overdue|awaiting"
        r"|awaits|recommend\w*|order(?:ed|s|ing)?"
        r"|refer(?:red|ral|ring)?|will|undergoing|to undergo|to have|need(?:s|ed|ing)?"
        r"|book(?:ed|ing)?|set up|arrang\w+"
        r"|consider\w*|discuss\w*|offer\w*|candidate|request\w*|should|would|could|if"
        r"|unless|advis\w+|suggest\w*"
        r"|eligible|indicat(?:ed|ion)|wants|wishes|agree\w*|interested"
        r"|prior authori[sz]ation|authori[sz]ation|appeal|(?:service|procedure|order"
        r"|referral|indication|reason)s?(?: requested)? ?:"
        r"|approv\w+|evaluation for|presents for|here for|comes for|arrives for|before"
        r"|eval(?:uate)? for|counsel\w*"
        r"|remind\w*|encourag\w+|urged?|going to|upcoming|next|tomorrow|in case"
        r"|question of|appropriate"
        r"|required?|must|has yet|yet to|requires|proceed|consent\w*|pre-?procedure"
        r"|upcoming|overdue|time for|wait\w*)\b",
    ),
)
_PURPOSE = (
    r"(?:^|\W)for (?:an? |his |her |their |the |my )?(?:screening |surveillance |repeat "
    r"|diagnostic |follow-?up )?$"
)
_WANTED_BEHIND = (
    r" ?\(?(?:screening )?(?:was |is |has been )?(?:requested|booked|sought|desired"
    r"|wanted|submitted|authori[sz]ed|approved"
    r"|ordered|advised|offered|recommended|scheduled|planned)\b(?! and (?:done"
    r"|performed|completed))"
)
_SOMEBODY_ELSES = (
    r"\b(?:another|other|different|wrong) (?:patient|chart)\b|\bbelongs? to\b"
    r"|\bmisfiled\b|\b(?:scanned|filed|entered"
    r"|charted|documented) in error\b"
)
_PLANNED_BEHIND = (
    r"^[^.;\n]{0,40}?\b(?:(?:is|are|was|were|be|been|being|will be|now"
    r"|has been) (?:\w+ )?(?:scheduled|planned|due"
    r"|overdue|ordered|recommended|requested|booked|arranged|advised|discussed|offered"
    r"|pending|needed|indicated"
    r"|deferred|postponed|rescheduled|set|considered|suggested|awaited|upcoming)"
    r"|to be (?:done|performed|scheduled)|will be|pending|next (?:week|month|year)"
    r"|tomorrow|scheduled|planned|overdue"
    r"|due\b|ordered|recommended|upcoming|should be|would be|in (?:the )?(?:future"
    r"|morning)|is (?:set|booked)"
    r"|needs to|can be|may be|could be|approved|denied|to (?:evaluate|rule|look|assess|follow)"
    r"|every \d+)\b"
)
_INCOMPLETE = (
    r"\b(?:incomplete|abort\w+|abandon\w+|terminated|truncated|unsuccessful\w*"
    r"|curtailed|halted|cut short|interrupted"
    r"|could(?: not|n[’']t) (?:be )?(?:complete|finish|advance|pass|reach)(?:ed|d)?"
    r"|not (?:be )?(?:completed|finished|complete)"
    r"|(?:was|were)(?:n[’']t| not) (?:completed|finished|complete)|never (?:completed|finished)"
    r"|unable to (?:be completed|complete|reach|advance|intubate|pass|visuali[sz]e|finish)"
    r"|did(?: not|n[’']t) (?:complete|reach|finish|tolerate)|fail(?:ed"
    r"|ure) (?:to (?:reach|complete|intubate|advance"
    r"|pass)|it\b|colon\w*|exam\w*|attempt\w*|prep\w*|due|because)|attempt\w* failed"
    r"|fail(?:ed|ure)$|stopped (?:early|short|at|due|because)"
    r"|(?:poor|inadequate|suboptimal|insufficient|bad|unsatisfactory|limited|subpar"
    r"|horrible|terrible|failed)"
    r" (?:bowel |colon |colonic )?(?:prep\w*|cleans\w+|visuali[sz]ation|exam\w*|study)"
    r"|prep\w* (?:was |were |is )?(?:very |quite |too )?(?:poor|inadequate|suboptimal"
    r"|insufficient|bad|unsatisfactory|limited)"
    r"|(?:cecum|caecum|cecal) (?:was |could |intubation )?(?:not|never|n[’']t|un\w+)"
    r"|not (?:reach\w*|intubat\w*|seen|visuali[sz]ed|advanced) (?:the "
    r"|to the )?(?:cecum|caecum|right colon)"
    r"|(?:only|just|as far as|up) (?:advanced |reached |examined |visuali[sz]ed |got "
    r"|seen )?(?:to |as far as )?(?:the )?"
    r"(?:splenic|hepatic|sigmoid|transverse|descending|left colon|rectum)"
    r"|limited (?:by|to|due)|obscured|(?:reached|to|got to) (?:the )?(?:splenic"
    r"|hepatic|sigmoid|transverse"
    r"|descending|rectum)(?: (?:flexure|colon))? only"
    r"|retained stool|non-?diagnostic|partial(?:ly)?|not tolerat\w+|attempted)\b"
)
_COMPLETE = (
    r"\b(?:to (?:the )?(?:cecum|caecum|terminal ileum|ti)|complete(?:d)?(?! by)|adequate"
    r"|good|excellent)\b"
)
_COMPLETED = (
    r"\b(?:complete(?:d)?|to (?:the )?(?:cecum|caecum)|reached (?:the )?(?:cecum"
    r"|caecum|ti|terminal ileum)|normal|negative"
    r"|unremarkable|adequate|good prep)\b"
)
_NEVER_ONE = (
    r"\b(?:has|have|had|['’]s|['’]ve|he|she|they|patient|but|and)(?: (?:himself"
    r"|herself|themselves))?(?: has| have)?"
    r" (?:never|not|not ever|not yet) (?:had|undergone|done) one\b(?! (?:since|in|for|with|that))"
    r"|^\W{0,4}never (?:had|undergone|done) one\b(?! (?:since|in|for|with|that))"
    r"|\bit was never done\b(?! (?:since|again))"
)
_HAD_ONE = r"\W{0,4}(?:(?:i|he|she|they|patient|pt) )?had (?:one|it)\b"
_FIRST_WANTED = (
    r"\b(?:for|wants|needs|requesting|requests|schedul\w+|book\w*|get|getting"
    r"|undergo)(?: (?:his|her|their|my|a|the))?"
    r" (?:very )?first(?:[ -]ever)? (?:screening )?$"
)
_AT_ANY_TIME = (
    r" (?:at )?any ?time\b|,? (?:ever|at all|in (?:his|her|my|their) (?:whole |entire )?life)\b"
)
_HARMLESS = (
    r"(?:ever|yet|before|previously|beforehand|earlier|at all|whatsoever|to date|so far|thus far"
    r"|(?:up )?(?:un)?til now|(?:at any time )?in (?:his|her|my|their|the) (?:(?:whole|entire) )?"
    r"(?:life(?:time)?|past)|of any (?:kind|sort|type)|(?:him|her|my|them)sel(?:f|ves)|either"
    r"|history|hx|screening|exam(?:ination)?s?|procedures?|stud(?:y|ies)|prior|previous"
    r"|(?:(?:was|were|has|have|had) )?(?:ever |yet )?(?:been )?(?:had|done|performed|undertaken"
    r"|completed)|one|per [^.,;()]{0,30}|by (?:history|report))"
)
_OTHER_DENIED = (
    r"(?:an? |any )?(?:other )?(?:endoscop(?:y|ies)|egds?|\w+scop(?:y|ies)|c-?scopes?|sigs?|barium"
    r"|enemas?|cts?|ct colonograph\w*|colonograph\w+|capsules?|cologuard|fit|fobt|mammogra\w+|paps?"
    r"|(?:stool|blood|fit|dna|screening) tests?)\b"
)
_GOES_ON = (
    r"(?:and (?!(?:biops|polyp|remov))|because\b|due to\b|as (?:of|he|she|they|i)\b"
    r"|so (?:he|she|they|i|we|is|was)\b"
    r"|despite\b|but\b|(?:even |al)?though\b|however\b"
    r"|who(?:se)?\b|i\b|he\b|she\b|they\b|pt\b|patient\b"
    r"|comes?\b|came\b|coming\b|present(?:s|ing)\b|want(?:s|ing)?\b|ask(?:s|ing)\b"
    r"|request(?:s|ing)\b|called\b|needs?\b|seen\b|referred\b|here (?:for|to)\b|now (?!here)"
    r"|is (?:here|now|asking|requesting|interested|coming|referred|in)\b|has (?:no|never|not)\b"
    r"|no\b|never\b|denies\b|neg(?:ative)?\b|average\b|avg\b|fhx?\b|fam(?:ily)?\b|age[ds]?\b)"
)
_RESTRICTING = (
    r"(?:with(?! (?:no|an?|average|negative|family|normal|his|her)\b)|with(?:out|in)|that"
    r"|which|where|here|elsewhere|abroad|at (?:this|our|the|any|least)"
    r"|under|by|in (?:this|our|the)|on (?:file|record|chart)"
    r"|(?:at least )?not? (?:here|with|at|in)|outside|through)\b"
)
_NO_RESTRICTION = (
    rf"(?:(?: |-){_HARMLESS}\b|(?:,| or| nor| and|/) ?{_OTHER_DENIED}){{0,6}}"
    rf"(?:\W{{0,8}}$| ?[.;:!=|)\]]|\s{{2}}|\n| {_GOES_ON}"
    rf"|(?:(?:,| ?[(–—/]| -|-(?=\s))(?! ?{_RESTRICTING}))"
    rf"| n?or\b(?![^.,;]{{0,60}}\b{_RESTRICTING}))"
)
"""What may follow a denied exam so that it is denied altogether: nothing, or what is of another."""
_DENIED_AGAIN = r"\b(?:none|never)\b"
_TAKEN_BACK = (
    r"\b(?:not (?:true|right|correct|so)|untrue|incorrect|wrong|false|mistaken|inaccurate|in error"
    r"|contrary|contradict\w*|disput\w*|disagree\w*"
    r"|see (?:the |his |her )?(?:\w+ )?(?:\d{4}|reports?|records?)"
    r"|(?:claims?|reports? (?:of|from|dated)))\b"
)
_NEXT_SUBJECT = (
    r", (?!(?:none|not|no|nor|neither|or|and|at least|ever|since|in|for|within|over|until|till"
    r"|except|other|besides|again|done|performed|at|as|on|this|nothing)\b)(?=[a-z])"
)
"""What follows a denied exam and is not of it: "no prior colonoscopy, bowels loose since May"."""
_OTHER_EXAM = (
    r"\b(?:egds?|\w+scop(?:y|ies)|c-?scopes?|sigs?|barium|enema|ct|mri?|colonograph\w+|capsule"
    r"|cologuard"
    r"|mammogra\w+|paps?)\b"
)
_JOINED_EXAM = r" ?(?:,|/|or\b|nor\b|and\b)"
_OWN_EXAM = (
    r"\W{0,4}(?:no (?:prior|previous)|never|last|latest|most recent|prior|previous)\b[^,;]{0,30}$"
)
"""What begins a clause about an exam of the patient, also behind what a relative had."""
_NO_FAMILY = (
    r"\b(?:no|neg|negative|nil|denies|without) (?:significant |known )?"
    r"(?:fhx?|fam(?:ily)? ?(?:hx|history)?)\b"
    r"|\b(?:fhx?|fam(?:ily)? ?(?:hx|history)):? ?(?:neg|negative|none|nil|no|0|-)(?![\w])"
)
"""A family history that is denied: what follows it is of the patient."""
_HARD_DOUBT = (
    r"\b(?:may or may not|(?:may|might) not have|unclear|unsure|uncertain|not sure"
    r"|unconfirmed|unverified|in error"
    r"|questionable|wrong|withdrawn|whether|vague"
    r"|cannot be (?:confirmed|verified)|no documentation|not (?:confirmed|verified|documented))\b"
)
_ABOUT_RESULTS = r"\b(?:path\w*|biops\w*|histolog\w*|type|kind)\b[^.;]{0,30}$"
_FIRST_EVER = (
    r"(?:\b(?:his|her|their|the|a|for)|^\W{0,4}|[,;:]) ?(?:very )?first(?:[ -]ever)? "
    r"(?:screening |average-risk )?$"
)
_FIRST_BEHIND = r",? (?:(?:his|her|the|a) )?first(?:[ -]ever)?(?= ?(?:[.,;)]|$))"
_IS_FIRST = (
    r"\b(?:it|this|that)(?:['’]ll| will| would| is|['’]s| was)?(?: have)?(?: be| been)? "
    r"(?:his|her|their|my) (?:very )?first\b"
)
"""Of an event that is planned or was cancelled: "It will be her first."."""
_NONE_ELSE = (
    r"\b(?:none|never|no others?|no (?:prior|previous|earlier) (?:one|exam\w*"
    r"|colonoscop\w*))(?: (?:one )?(?:before|prior"
    r"|previously|earlier|else|ever))?\b(?! (?:since|done|performed|completed|happened"
    r"|went|scheduled|showed|got|followed))"
)
_DONE_BEFORE = (
    r"\b(?:had|underwent|undergone|last|latest|prior|previous|most recent|recent|s/p"
    r"|status post|history of|hx of"
    r"|h/o|completed|received|normal|negative|clean|unremarkable|has had|performed|on"
    r"|at|by|during|per|after|since"
    r"|following|past|got|did|done|years ago|ago)\b"
)
_DONE_BEHIND = (
    r"^[^.;\n]{0,60}?\b(?:showed|shows|show|revealed|reveals|found|normal|negative|neg"
    r"|nl|wnl|unremarkable|done"
    r"|performed|completed|demonstrated|with (?:polyp\w*|removal|biops\w+|no|normal"
    r"|one|two|three|several|a|\d)|was"
    r"|were|had|removed|clear|clean|benign|ago|hyperplastic|adenoma\w*|polyps?"
    r"|divertic\w+|hemorrhoids?"
    r"|benign|positive|identified|benign|\d{4})\b"
)
_MARKS = (
    ("last", r"\b(?:only|sole)\b[^.;,\n]{0,20}$"),
    ("last", r"\b(?:last|most recent|latest)(?:\b|_)[^.;\n]{0,30}$"),
    ("other", r"\bother\b[^.;,\n]{0,20}$"),
    ("first", r"\b(?:first|initial|index|baseline|original)\b(?! and only)[^.;,\n]{0,20}$"),
    (
        "repeat",
        r"\b(?:repeat|another|second|third|subsequent|later|follow-?up|new)\b[^.;,\n]{0,20}$",
    ),
)
_SINCE_LAST = (
    r"(?P<q>(?:(?:about|over|more than|almost|nearly|approximately|roughly|at least"
    r"|less than|under|well over) )?"
    r"[\w.+-]{1,12}(?: of)?(?: [\w-]{1,9})? (?:years?|yrs?|months?|mos?|decades?"
    r"|weeks?|days?))(?: have| has| had)?"
    r"(?: been| passed| elapsed| gone by)?(?: now)? since (?:his|her|their|my|our|the|an?"
    r"|patient's|pt's)? ?"
    r"(?:very )?(?:last|most recent|previous|prior|first)? ?(?:(?:he|she|they|patient"
    r"|pt) (?:last )?(?:has )?(?:had|underwent)"
    r"(?: an?| the| his| her)? )?(?:screening |complete |normal |surveillance )?$"
)
_WITHOUT = (
    r"(?P<q>(?:(?:about|over|more than|almost|nearly"
    r"|at least) )?[\w.+-]{1,12}(?: of)? (?:years?|yrs?|months?|decades?))"
    r" without (?:an?|any|his|her)? ?(?:screening )?$"
)
_LAST_ONE = (
    r"\b(?:last|most recent)(?:ly)?(?: complete| completed| full)?(?: one| time| exam| study"
    r"| scope| procedure| test)?"
    r"(?:[ ,]{1,2}(?:was|being|is|done|completed|performed|had|in|on|dated|one|about"
    r"|approximately|around|over|nearly"
    r"|he had|she had|happened|occurred)){0,4} ?[:(,-]? ?$"
)
_AT_AGE = (
    r"\b(?:at (?:the )?(?:age(?: of)?)|when (?:he|she|they) (?:was|were|turned)|(?:his"
    r"|her) age was|at) "
    r"(?P<n>[3-9]\d)\b(?! ?(?:%|mg|cm|kg|weeks|days|hours|minutes|:))"
)


class _Reader:
    """Reads the mentions of a text's segments."""

    def __init__(
        self,
        text: str,
        record: date | None,
        order: DateOrder | None,
        age: AgeReading | None,
        names: "re.Pattern[str]",
        others: _Others,
    ) -> None:
        self._text = text
        self._names = names
        self._record = record
        self._order = order
        self._age = age
        self._others = others

    def read(
        self, start: int, end: int, mentions: Sequence[_Mention], family: bool
    ) -> list[EventReading]:
        """The readings of a segment's mentions."""
        segment = self._text[start:end]
        context = context_of(segment)
        words = context.words
        dates = self._dates(start, end)
        owners = self._owners(start, end, mentions, dates)
        readings: list[EventReading] = []
        skipped = EventStatus.NOT_COUNTED
        for number, mention in enumerate(mentions):
            own = [d for d, owner in zip(dates, owners, strict=True) if owner == number]
            last_one = self._last_one(mention, mentions[number + 1 :], dates, end)
            if last_one is not None:
                own = [d for d in own if d.start < last_one.start]
            at = len(tokens(segment[: mention.start - start]))
            contexts = context.contexts(at, at + 1) if at < len(words) else frozenset()
            last = number + 1 < len(mentions)
            limit = mentions[number + 1].start if last else end
            first = mentions[number - 1].end if number else start
            readings.append(self._read(mention, (start, first, limit, end), own, contexts, family))
            reading = readings[-1]
            tail = self._text[mention.end : limit]
            if (
                reading.status is EventStatus.INCOMPLETE or reading.why in ("cancelled", "refused")
            ) and search(_NONE_ELSE, tail):
                readings[-1] = reading._replace(status=EventStatus.NEVER, when=None, why="")
            elif search(_NEVER_ONE, tail):
                readings.append(
                    EventReading(mention.start, limit, EventStatus.NEVER, None, "", frozenset())
                )
            elif (
                reading.status is skipped
                and reading.why in ("nothing said", "planned", "denied", "cancelled")
                and self._is_first(mention, start, limit)
            ):
                readings[-1] = reading._replace(status=EventStatus.NEVER, why="")
            elif last_one is not None and reading.why != "relative":
                readings.append(last_one)
            elif reading.status is EventStatus.INCOMPLETE:
                readings += self._completed_another_time(mention.end, limit, dates)
            if len(readings) > 1:
                readings[-2:] = self._broken_off(*readings[-2:])
        return readings

    def _is_first(self, mention: _Mention, start: int, limit: int) -> bool:
        """Whether what is asked for or was cancelled is called the first."""
        text = self._text
        return bool(
            search(_FIRST_EVER, text[max(start, mention.start - 40) : mention.start])
            or match_at(_FIRST_BEHIND, text, mention.end, limit)
            or search(_IS_FIRST, text[mention.end : limit])
        )

    def _broken_off(self, one: EventReading, other: EventReading) -> tuple[EventReading, ...]:
        """Read "came in 2019 for colonoscopy but the scope could not be advanced" as one event."""
        if (
            one.status is EventStatus.DONE
            and other.status is EventStatus.INCOMPLETE
            and other.when is None
            and match_at(r"[^.;]{0,30}\b(?:but|however)\b", self._text, one.end, other.start)
        ):
            return (one._replace(status=EventStatus.INCOMPLETE, end=other.end),)
        return one, other

    def _completed_another_time(
        self, start: int, end: int, dates: Sequence[DateReading]
    ) -> list[EventReading]:
        """Read "2022 colonoscopy incomplete; 11/2016 reached cecum": the other one was done."""
        at = start
        for clause in re.split(r"(?<=;)", self._text[start:end]):
            first, at = at, at + len(clause)
            own = [d for d in dates if first <= d.start and d.end <= at and self._is_past(d)]
            if (
                first > start
                and len(own) == 1
                and own[0].kind is not DateKind.SPAN
                and search(_COMPLETED, clause)
                and not search(_INCOMPLETE, clause)
                and not search(_ATTRACTORS, clause)
            ):
                marks: frozenset[str] = frozenset()
                when = own[0].interval
                return [EventReading(own[0].start, own[0].end, EventStatus.DONE, when, "", marks)]
        return []

    def _last_one(
        self,
        mention: _Mention,
        others: Sequence[_Mention],
        dates: Sequence[DateReading],
        end: int,
    ) -> EventReading | None:
        """Read "Needs colonoscopy, last one in 2008": the date behind, whatever the mention is."""
        for found in dates:
            if found.start < mention.end or found.kind is not DateKind.AT:
                continue
            before = self._text[mention.end : found.start]
            said = search(_LAST_ONE, before)
            if (
                said is None
                or not self._is_past(found)
                or (others and others[0].end <= found.start)
            ):
                continue
            near = re.split(r"[,;(]", before[: said.start()])[-1] + before[said.start() :]
            if search(_ATTRACTORS, near) or search(r"\b(?:unknown|unclear)\b", before):
                continue
            if len(before) > 160 or found.end > end:
                continue
            start = mention.end + said.start()
            marks = frozenset({"last"})
            return EventReading(start, found.end, EventStatus.DONE, found.interval, "", marks)
        return None

    def add(self, start: int, end: int, readings: list[EventReading], count: int) -> None:
        """What the sentence behind says of the mentions: "It was incomplete.", "Done in 2015."."""
        reading = readings[-1]
        text = self._text[start:end]
        if reading.why != "relative":
            last_one = self._last_one(_Mention(start, start), (), self._dates(start, end), end)
            if last_one is not None:
                readings.append(last_one)
                return
        if reading.why in ("nothing said", "doubtful") and search(
            r"^\W*(?:never|none|nil|no?)\W*$", text
        ):
            readings[-1] = reading._replace(status=EventStatus.NEVER, why="", end=end)
        undated = reading.status is EventStatus.DONE and reading.when is None
        if (undated or reading.status is EventStatus.NOT_COUNTED) and match_at(_FORM, text, 0):
            readings[-1] = reading._replace(status=EventStatus.NEVER, why="", end=end)
            return
        if reading.why in ("nothing said", "doubtful") and match_at(_FORM_YES, text, 0):
            past = [d for d in self._dates(start, end) if d.kind is DateKind.AT]
            when = _latest(d.interval for d in past if self._is_past(d))
            readings[-1] = reading._replace(status=EventStatus.DONE, when=when, why="", end=end)
            return
        if reading.why in ("nothing said", "doubtful") and (day := self._answer(start, end)):
            readings[-1] = reading._replace(status=EventStatus.DONE, when=day, why="", end=end)
            return
        if search(r"\b(?:not|never) (?:had|undergone|done) one (?:since|in|for|within)\b", text):
            for d in self._dates(start, end):
                if d.since is not None:
                    not_since = DateInterval(date.min, d.since.latest)
                    readings.append(EventReading(start, d.end, EventStatus.NOT_SINCE, not_since))
                    return
        is_undone = reading.why in ("planned", "cancelled", "nothing said")
        if is_undone and match_at(r"\W{0,4}" + _IS_FIRST, text, 0):
            readings[-1] = reading._replace(status=EventStatus.NEVER, why="", end=end)
            return
        if reading.status is EventStatus.NOT_COUNTED and search(_NEVER_ONE, text):
            readings.append(EventReading(start, end, EventStatus.NEVER, None))
            return
        if reading.status is EventStatus.NOT_COUNTED and match_at(_HAD_ONE, text, 0):
            days = [d for d in self._dates(start, end) if d.kind is DateKind.AT]
            of = [d.interval for d in days if self._is_past(d)]
            if of and not search(_INCOMPLETE, text) and not search(_HARD_DOUBT, text):
                readings.append(EventReading(start, end, EventStatus.DONE, _latest(of)))
            return
        if match_at(
            r"\W{0,4}(?:that|this|it) was (?:in fact |actually |really )?an? ", text, 0
        ) and search(_ATTRACTORS, text[:60]):
            readings[-1] = reading._replace(status=EventStatus.NOT_COUNTED, why="another event")
            return
        if reading.status not in (EventStatus.DONE, EventStatus.INCOMPLETE):
            return
        if search(_INCOMPLETE, text) and not search(r"\brepeat\b", text):
            if reading.status is EventStatus.DONE:
                readings[-1] = reading._replace(status=EventStatus.INCOMPLETE, end=end)
            return
        if search(_FUTURE_SPAN, text) or search(r"\b(?:none|never|no)\b", text):
            return
        if search(_ATTRACTORS, text):
            return
        dates = [d for d in self._dates(start, end) if d.kind is DateKind.AT and self._is_past(d)]
        if dates and (reading.when is None or "last" in text.lower() or "recent" in text.lower()):
            when = _latest(d.interval for d in dates)
            marks = reading.marks | ({"last"} if "last" in text.lower() else frozenset())
            readings[-1] = reading._replace(when=when, end=dates[-1].end, marks=marks)
            del count

    def answered(self, start: int, answer: int, end: int) -> list[EventReading]:
        """What the field "Last exam:" says of the event that the form is about."""
        text = self._text[answer:end]
        marks = frozenset({"last"})
        if match_at(r"(?:none|never|no|nil)\W*$", text, 0):
            return [EventReading(start, end, EventStatus.NEVER, None)]
        when = _latest(d.interval for d in self._dates(answer, end)[:1] if self._is_past(d))
        if when is None or search(_HARD_DOUBT, text):
            return []
        is_done = not search(_INCOMPLETE, text) or search(_COMPLETED, text)
        status = EventStatus.DONE if is_done else EventStatus.INCOMPLETE
        return [EventReading(start, end, status, when, "", marks)]

    def later(
        self, start: int, end: int, told: Sequence[EventReading], sentence: int
    ) -> list[EventReading]:
        """What says that it was done again, or on another day, behind a sentence that names it.

        Args:
            told: What the sentence that names it says.
            sentence: How many sentences behind it this is.
        """
        done = [r for r in told if r.status is EventStatus.DONE and r.when is not None]
        if not done and not any(r.status is EventStatus.NEVER for r in told):
            return []
        dates = self._dates(start, end)
        if sentence == 0:
            first = min(r.end for r in told if r in done or r.status is EventStatus.NEVER)
            named = self._names.search(self._text, start, end)
            ends = [d.end for d in dates if d.kind is DateKind.AT and d.end <= first]
            start = max([named.end() if named else start, *ends])
        times = later_times(
            self._text,
            start,
            end,
            dates,
            self._names,
            _ATTRACTORS,
            self._record,
            sentence=sentence,
            only_corrections=not done,
        )
        return [EventReading(start, end, EventStatus.NOT_COUNTED, when, LATER) for when in times]

    # -- dates ------------------------------------------------------------------------------------

    def _answer(self, start: int, end: int) -> DateInterval | None:
        """The day that is all a sentence says: "Last colonoscopy? 03/2012"."""
        dates = [d for d in self._dates(start, end) if d.kind is DateKind.AT and self._is_past(d)]
        if len(dates) != 1:
            return None
        beside = self._text[start : dates[0].start] + self._text[dates[0].end : end]
        return None if _LETTER.search(beside) else dates[0].interval

    def _dates(self, start: int, end: int) -> list[DateReading]:
        found = find_dates(self._text[start:end], self._record, self._order)
        found = [d._replace(start=d.start + start, end=d.end + start) for d in found]
        age, record = self._age, self._record
        if age is not None and record is not None and age.most < 130:
            for match in compiled(_AT_AGE).finditer(self._text, start, end):
                years = int(match["n"])
                least, most = age.least - years - 1, age.most - years + 1
                if most > 0:
                    interval = DateInterval(
                        add_months(record, -12 * most), add_months(record, -12 * max(least, 0))
                    )
                    found.append(DateReading(*match.span(), DateKind.AT, interval))
        return found

    def _is_past(self, reading: DateReading) -> bool:
        return self._record is None or reading.interval.earliest <= self._record

    def _is_of_today(self, reading: DateReading) -> bool:
        """Whether it is the record's own day: "is here today for his first colonoscopy"."""
        return reading.interval.earliest == reading.interval.latest == self._record

    def _owners(
        self, start: int, end: int, mentions: Sequence[_Mention], dates: Sequence[DateReading]
    ) -> list[int | None]:
        """Of each date, the number of the mention it belongs to; None: to something else."""
        text = self._text
        things: list[tuple[int, int, int | None]] = [
            (m.start, m.end, number) for number, m in enumerate(mentions)
        ]
        for match in compiled(_ATTRACTORS).finditer(text, start, end):
            if not any(m.start < match.end() and match.start() < m.end for m in mentions):
                things.append((*match.span(), None))
        things.sort()
        cuts = [match.start() for match in compiled(_CLAUSE_END).finditer(text, start, end)]
        things = [self._coordinated(thing, things) for thing in things]
        return [self._owner(reading, things, cuts) for reading in dates]

    def _coordinated(
        self,
        thing: tuple[int, int, int | None],
        things: Sequence[tuple[int, int, int | None]],
    ) -> tuple[int, int, int | None]:
        """Read "Colonoscopy and EGD in 2019": what is joined to a mention shares its date."""
        if thing[2] is None:
            for start, end, number in things:
                first, last = (end, thing[0]) if end <= thing[0] else (thing[1], start)
                if (
                    number is not None
                    and 0 <= last - first < 16
                    and match_at(
                        r" ?(?:and|/|&|\+|with|plus)(?: an?| the)? ?$", self._text, first, last
                    )
                ):
                    return (thing[0], thing[1], number)
        return thing

    def _owner(
        self,
        reading: DateReading,
        things: Sequence[tuple[int, int, int | None]],
        cuts: Sequence[int],
    ) -> int | None:
        text = self._text
        begin = max((cut for cut in cuts if cut < reading.start), default=-1)
        stop = min((cut for cut in cuts if cut >= reading.end), default=len(text))
        before = [t for t in things if begin <= t[0] and t[1] <= reading.start + 1]
        behind = [t for t in things if reading.end <= t[0] + 1 and t[0] < stop]
        if reading.kind is DateKind.AT and search(
            _NOT_ITS_DATE, text[max(begin, reading.start - 40, 0) : reading.start]
        ):
            return None
        if behind:
            gap = text[reading.end : behind[0][0]]
            adjacent = len(gap.split()) <= (1 if before else 8) and (
                not search(r"[,(:]", gap) or not before
            )
            if adjacent and not (before and search(r"^ ?(?:and|&)", gap)):
                near = text[max(begin, reading.start - 3, 0) : reading.start]
                if not before or (
                    not near.strip().endswith("(")
                    and not _is_behind(text, before[-1][1], reading.start)
                ):
                    return behind[0][2]
        if before:
            return before[-1][2]
        if behind:
            return behind[0][2]
        # A clause of its own: "Colonoscopy: normal; 2015", "had one, but that was in 2012".
        earlier = [t for t in things if t[1] <= reading.start]
        if earlier:
            between = text[max(begin, 0) : reading.start]
            if search(
                r"\b(?:it|that|this|last|most recent|done|performed|none|not|no)\b", between
            ) or (len(between.split()) <= 3):
                return earlier[-1][2]
        return None

    # -- one mention ------------------------------------------------------------------------------

    def _read(
        self,
        mention: _Mention,
        bounds: tuple[int, int, int, int],
        dates: Sequence[DateReading],
        contexts: frozenset[Context],
        family: bool,
    ) -> EventReading:
        """What one mention says. `bounds`: segment, mention before, mention behind, its end."""
        text = self._text
        start, first, limit, end = bounds
        before = _last_clause(text[max(first, mention.start - 90) : mention.start])
        behind = _first_clause(text[mention.end : min(limit, mention.end + 110)])
        whole = (
            before if first > start else text[max(first, mention.start - 110) : mention.start]
        ) + (text[mention.start : min(limit, mention.end + 130)])
        past = [d for d in dates if d.kind is DateKind.AT and self._is_past(d)]

        def reading(
            status: EventStatus, when: DateInterval | None = None, why: str = ""
        ) -> EventReading:
            marks = frozenset(name for name, pattern in _MARKS if search(pattern, before))
            if search(r"^ ?(?:\w+ ){0,2}(?:was )?(?:most recently|last)\b", behind):
                marks |= {"last"}
            if len(past) > 1 and past[0].interval.latest < past[-1].interval.earliest:
                marks -= {"first"}
            if search(r"\bfirst and only\b", before):
                marks -= {"first"}
            last = max([mention.end, *(d.end for d in dates)])
            begin = min([mention.start, *(d.start for d in dates)])
            return EventReading(begin, last, status, when, why, marks)

        skipped = EventStatus.NOT_COUNTED
        if search(_SOMEBODY_ELSES, text[start:end]):
            return reading(skipped, why="doubtful")
        options = text[mention.end : min(limit, mention.end + 200)]
        if search(_UNTICKED, options):
            # "( ) less than 10 yrs ago  (x) never": what is not ticked is not said.
            ticked = search(_TICKED, options)
            if ticked is None:
                return reading(skipped, why="doubtful")
            if match_at(r"(?:never|none|no)\b", ticked["option"], 0):
                return reading(EventStatus.NEVER)
            low, high = (mention.end + at for at in ticked.span("option"))
            dates = [d for d in dates if low <= d.start and d.end <= high]
            past = [d for d in past if d in dates]
        if not past and any(d.kind is DateKind.AT for d in dates):
            return reading(skipped, why="planned")
        in_family = family and not match_at(_OWN_EXAM, text[start : mention.start], 0)
        if in_family or self._is_of_family(text[start : mention.start], behind, contexts):
            return reading(skipped, why="relative")
        if since := search(_SINCE_LAST, text[max(start, mention.start - 90) : mention.start]):
            ago = find_dates(f"{since['q']} ago", self._record, self._order)
            if len(ago) == 1:
                return reading(EventStatus.DONE, ago[0].interval)._replace(
                    marks=frozenset({"last"})
                )
        if without := search(_WITHOUT, text[max(start, mention.start - 70) : mention.start]):
            ago = find_dates(f"{without['q']} ago", self._record, self._order)
            if len(ago) == 1:
                return reading(
                    EventStatus.NOT_SINCE, DateInterval(date.min, ago[0].interval.latest)
                )
        if any(
            text[d.end : d.end + 2].strip().startswith("?")
            or text[: d.start].rstrip().endswith("?")
            for d in past
        ):
            return reading(skipped, why="doubtful")
        if (
            text[mention.end : mention.end + 1] == "?"
            and not past
            and not match_at(_FORM, text, mention.end)
        ):
            return reading(skipped, why="doubtful")
        if (
            search(r"\bsince\b[^.;,]{0,24}$", before)
            and not past
            and not search(_NEVER_BEFORE, before)
        ):
            return reading(EventStatus.DONE)
        if search(_DOUBTED_ABSENCE, before):
            return reading(skipped, why="doubtful")
        if search(_NEVER_BEFORE, before):
            return self._absent(mention, before, behind, dates, reading, mention.end, end)
        if never := match_at(_NEVER_BEHIND, behind, 0):
            denied = mention.end + never.end()
            return self._absent(mention, before, behind, dates, reading, denied, end)
        if match_at(_FORM, behind, 0):
            return self._absent(mention, before, behind, dates, reading, end, end)
        if not past and search(
            r"\b(?:never|no|not|without|denies|denied)\b(?![^.;,]*\b(?:on|at|by|during"
            r"|with|from|via|in|after|since|prior)\b)"
            r"[^.;,]{0,40}$",
            before,
        ):
            if match_at(_AT_ANY_TIME, behind, 0):
                return reading(EventStatus.NEVER)
            return reading(skipped, why="denied")
        if all(self._is_of_today(d) for d in past) and search(_FIRST_WANTED, before):
            return reading(EventStatus.NEVER)
        if due := self._due_since(before, behind, dates):
            return reading(EventStatus.NOT_SINCE, DateInterval(date.min, due))
        near = [d for d in past if d.start < mention.end + len(behind)]
        if len(near) < len(past):
            # "Colonoscopy 2013 normal; a second attempt in 2021 aborted."
            tail = text[mention.end + len(behind) : end]
            if search(_INCOMPLETE, tail):
                past, whole = near, behind
        mine = re.split(r"[,;]|\band\b", before)[-1] if first > start else before
        if self._is_incomplete(mine, behind, whole):
            return reading(EventStatus.INCOMPLETE, _latest(d.interval for d in past))
        for why, pattern in _UNDONE[:3]:
            if search(pattern, before) or self._is_undone_behind(
                why, pattern, mention, behind, past
            ):
                if (
                    why == "refused"
                    and past
                    and search(r"\b(?:had|underwent|last|prior)\b[^.;]{0,20}$", before)
                ):
                    continue
                return reading(skipped, why=why)
        # "Recall was due 2021 (colonoscopy 2011 normal)": the brackets plan nothing.
        is_aside = bool(past) and before.rfind("(") > before.rfind(")")
        said = before[before.rfind("(") + 1 :] if is_aside else before
        if self._is_planned(said, behind, past, contexts, mention.end):
            return reading(skipped, why="planned")
        if Context.HYPOTHETICAL in contexts and not past:
            return reading(skipped, why="hypothetical")
        windows = [d for d in dates if d.kind in (DateKind.WITHIN, DateKind.SINCE, DateKind.BEFORE)]
        when = _latest(d.interval for d in past) if past else None
        if when is None and len(windows) == 1:
            when = windows[0].interval
        if when is not None or search(_DONE_BEFORE, before) or search(_DONE_BEHIND, behind):
            if when is None and any(d.kind in (DateKind.SPAN, DateKind.AHEAD) for d in dates):
                return reading(skipped, why="planned")
            return reading(EventStatus.DONE, when)
        return reading(skipped, why="nothing said")

    def _is_undone_behind(
        self,
        why: str,
        pattern: str,
        mention: _Mention,
        behind: str,
        past: Sequence[DateReading],
    ) -> bool:
        """Whether what follows a mention undoes it; behind its date, only plain doubt does."""
        found = search(pattern, behind)
        if found is None or not past or why != "doubtful":
            return found is not None
        dated = min(d.end for d in past) - mention.end
        if found.start() < dated:
            return True
        hard = search(_HARD_DOUBT, behind)
        return hard is not None and search(_ABOUT_RESULTS, behind[: hard.start()]) is None

    def _is_of_family(self, before: str, behind: str, contexts: frozenset[Context]) -> bool:
        clause = _last_clause(before)
        if search(_RELATIVE_TELLS, clause):
            return False
        if relatives := list(compiled(FAMILY).finditer(clause)):
            rest = clause[relatives[-1].end() :]
            own = "," in rest and match_at(_OWN_EXAM, rest[rest.rfind(",") + 1 :], 0)
            return search(PATIENT, rest) is None and not own
        if match_at(rf" (?:in|for|of) (?:his|her|their|the) {FAMILY}", behind, 0):
            return True
        return (
            Context.FAMILY in contexts
            and search(PATIENT, clause) is None
            and not match_at(_OWN_EXAM, clause[clause.rfind(",") + 1 :], 0)
            and search(_NO_FAMILY, clause) is None
        )

    def _absent(
        self,
        mention: _Mention,
        before: str,
        behind: str,
        dates: Sequence[DateReading],
        reading: _Make,
        denied: int,
        end: int,
    ) -> EventReading:
        """A mention that is denied: never, or not since a day.

        Never only if nothing restricts it from `denied` to the `end` of the sentence: who never had
        one with polyps, or here, may have had another.
        """
        if search(r"\b(?:didn[’']t|did not)\b[^.;]{0,20}$", before):
            return reading(EventStatus.NOT_COUNTED, why="cancelled")
        if (own := search(_NEXT_SUBJECT, behind)) and not search(
            _OTHER_EXAM, behind[own.start() :]
        ):
            behind = behind[: own.start()]
            dates = [d for d in dates if d.start < mention.end + own.start()]
        elif not dates and match_at(_JOINED_EXAM, behind, 0):
            # "No colonoscopy, sigmoidoscopy or CT in the last 5 years": the window is of each.
            dates = self._dates(mention.end, mention.end + len(behind))
        windows = [d for d in dates if d.kind in (DateKind.WITHIN, DateKind.SPAN, DateKind.SINCE)]
        for window in windows:
            if window.since is not None:
                return reading(EventStatus.NOT_SINCE, DateInterval(date.min, window.since.latest))
        for found in dates:
            if found.kind is DateKind.AT and found.start < mention.start:
                continue
            if found.kind is DateKind.BEFORE and search(r"\b(?:until|till|before)\b", behind):
                if search(r"\b(?:until|till)\b", behind) and found.interval.latest != date.max:
                    when = self._until(found)
                    return reading(EventStatus.DONE, when)
                return reading(EventStatus.NOT_COUNTED, why="doubtful")
            if found.kind is DateKind.AT and self._is_past(found):
                if match_at(r"[^.;]{0,12}\b(?:until|till)\b", behind, 0):
                    return reading(EventStatus.DONE, found.interval)
                first = found.interval.earliest
                if first == date.min:
                    return reading(EventStatus.NOT_COUNTED, why="doubtful")
                if self._record is not None and found.interval.latest >= self._record - timedelta(
                    31
                ):
                    return reading(EventStatus.NOT_SINCE, DateInterval(date.min, first))
                return reading(EventStatus.NOT_COUNTED, why="doubtful")
        if search(r"\b(?:until|till|except|other than|besides|since|again)\b", behind) or search(
            _EXCEPT_BEFORE, before
        ):
            return reading(EventStatus.NOT_COUNTED, why="doubtful")
        if search(
            r"^ ?(?:done |performed )?(?:now|yet today|was (?:needed|indicated|scheduled))\b",
            behind,
        ) or search(
            r"\b(?:unclear|whether|if|unsure|unknown|(?<!\bin\s)(?<!since\s)may|possibly"
            r"|not sure)\b",
            before,
        ):
            return reading(EventStatus.NOT_COUNTED, why="doubtful")
        rest = self._text[denied : min(end, denied + 160)]
        if search(_TAKEN_BACK, rest) or not (
            match_at(_NO_RESTRICTION, rest, 0)
            or (denied > mention.end and search(_DENIED_AGAIN, rest))
        ):
            return reading(EventStatus.NOT_COUNTED, why="doubtful")
        return reading(EventStatus.NEVER)

    def _until(self, found: DateReading) -> DateInterval:
        inner = find_dates(
            re.sub(r"(?i)^(?:until|till|before) ", "", self._text[found.start : found.end]),
            self._record,
            self._order,
        )
        return inner[0].interval if inner else found.interval

    def _due_since(self, before: str, behind: str, dates: Sequence[DateReading]) -> date | None:
        """The day since which it is due: it was not done after that."""
        if not (
            search(r"\b(?:over)?due\b[^.;]{0,20}$", before)
            or search(r"^[^.;]{0,24}\b(?:over)?due (?:since|from)\b", behind)
        ):
            return None
        for found in dates:
            if found.kind is DateKind.SINCE and found.since is not None:
                return found.since.latest
        return None

    def _is_incomplete(self, before: str, behind: str, whole: str) -> bool:
        near = f"{before[-60:]} it {behind}"
        match = search(_INCOMPLETE, near)
        if match is None:
            match = (
                search(_INCOMPLETE, whole)
                if search(r"[;,.]? ?(?:but|however|although|prep\w*|cecum|due to|because)\b", whole)
                else None
            )
        if match is None:
            return False
        return (
            not search(
                r"\b(?:not|no|despite|although|without|never) (?:an? |the )?(?:was )?$",
                near[: match.start()],
            )
            or search(r"^(?:not|never|could|unable|did)", match.group()) is not None
        )

    def _is_planned(
        self,
        before: str,
        behind: str,
        past: Sequence[DateReading],
        contexts: frozenset[Context],
        mention_end: int,
    ) -> bool:
        done = search(
            r"\b(?:had|underwent|undergone|last|latest|prior|previous|most recent|s/p"
            r"|status post|history of|hx of|h/o"
            r"|completed|received|has had|did)\b(?: (?!scheduled|planned|ordered|due"
            r"|recommended|to\b)[\w'-]+){0,3} ?$",
            before,
        )
        if search(_UNDONE[3][1], before) and not done:
            return True
        if not past and not done and search(_PURPOSE, before):
            return True
        if match_at(_WANTED_BEHIND, behind, 0):
            return True
        planned = search(_PLANNED_BEHIND, behind)
        if planned and not done and not (past and search(_DONE_BEHIND, behind[: planned.start()])):
            # "6/2019, next due 6/2024", "2019 normal, repeat recommended".
            dated = past and past[0].start - mention_end <= planned.start() + len(planned.group())
            said = planned.group().lower()
            return not (dated and search(r"(?:due|next|every|recommended|repeat|\d)\b", said))
        return Context.PLANNED in contexts and not done and not past


def _is_behind(text: str, end: int, start: int) -> bool:
    """Whether a date follows a thing so closely that it can only be its own."""
    gap = text[end:start]
    return len(gap.split()) <= 4 and not search(r"[;,]|\band\b", gap)


def _last_clause(text: str) -> str:
    return re.split(r"[;\n]|\bbut\b|\bhowever\b|\balthough\b|\bthough\b", text)[-1]


def _first_clause(text: str) -> str:
    return re.split(r"[;\n]|\bbut\b|\bhowever\b|\bthough\b", text)[0]


def _latest(intervals: Iterable[DateInterval]) -> DateInterval | None:
    """Of dates of one thing: what they have in common, or the latest of a list."""
    latest: DateInterval | None = None
    for interval in intervals:
        if latest is None:
            latest = interval
        elif interval.earliest <= latest.latest and latest.earliest <= interval.latest:
            latest = DateInterval(
                max(latest.earliest, interval.earliest), min(latest.latest, interval.latest)
            )
        else:
            latest = max(latest, interval)
    return latest


# -- all mentions ---------------------------------------------------------------------------------


def combine(readings: Sequence[EventReading], event: Event, record_date: date | None) -> EventFact:
    """One fact of all mentions."""
    by_status = {status: [r for r in readings if r.status is status] for status in EventStatus}
    done = by_status[EventStatus.DONE]
    never = by_status[EventStatus.NEVER]
    if done:
        # "Colonoscopy 2013, no other colonoscopy": none but that.
        never = [r for r in never if "other" not in r.marks]
    not_since = by_status[EventStatus.NOT_SINCE]
    incomplete = by_status[EventStatus.INCOMPLETE]
    limit = record_date if record_date is not None else date.max
    bound = min((r.when.latest for r in not_since if r.when is not None), default=limit)

    def fact(
        status: EventStatus, of: Sequence[EventReading], last: DateInterval | None, words: str
    ) -> EventFact:
        first = of[0] if of else EventReading(0, 0, status, None)
        return EventFact(status, last, first.start, first.end, words, tuple(readings))

    unknown = fact(EventStatus.UNKNOWN, (), None, f"{event.name}: not known")
    later = [r for r in readings if r.why == LATER]
    if done:
        if never:
            return unknown._replace(sentence=f"{event.name}: contradictory")
        last, said = _last(done, limit)
        if any(r.when is None or r.when.latest > last.latest for r in later):
            last = DateInterval(last.earliest, limit)
        last = DateInterval(last.earliest, min(last.latest, limit))
        if last.earliest > bound:
            return unknown._replace(sentence=f"{event.name}: contradictory")
        last = DateInterval(last.earliest, min(last.latest, bound))
        if last.earliest > last.latest:
            return unknown._replace(sentence=f"{event.name}: contradictory")
        return fact(EventStatus.DONE, said, last, _sentence(event.name, last, record_date))
    if never:
        doubt = [r for r in readings if r.why in ("doubtful", LATER)]
        return unknown if doubt else fact(EventStatus.NEVER, never, None, f"never had {event.name}")
    if not_since:
        last = DateInterval(date.min, bound)
        words = f"no {event.name} since {bound.isoformat()}"
        return fact(EventStatus.NOT_SINCE, not_since, last, words)
    if incomplete:
        when = incomplete[0].when
        words = f"{event.name} incomplete" + (f" ({when})" if when else "")
        return fact(EventStatus.INCOMPLETE, incomplete, when, words)
    return unknown


def _last(done: Sequence[EventReading], limit: date) -> tuple[DateInterval, list[EventReading]]:
    """The days on which it was last done, and the mentions that say so."""
    dated = [r for r in done if r.when is not None]
    if not dated:
        return DateInterval(date.min, limit), list(done)
    marked = [r for r in dated if "last" in r.marks]
    chosen = marked or dated
    earliest = max(r.when.earliest for r in chosen if r.when is not None)
    latest = max(r.when.latest for r in chosen if r.when is not None)
    if marked:
        # What is called the last one, twice, is one: "last colonoscopy 2015 (9 years ago)".
        common = min(r.when.latest for r in marked if r.when is not None)
        if common >= earliest:
            return DateInterval(earliest, common), marked
        # Two that differ are a doubt between them.
        return DateInterval(
            min(r.when.earliest for r in marked if r.when is not None), latest
        ), marked
    chosen.sort(key=lambda r: r.when.latest if r.when is not None else date.min, reverse=True)
    top = [r for r in chosen if r.when is not None and r.when.latest == latest]
    later = any(r.when is None and "repeat" in r.marks for r in done)
    if later or all("first" in r.marks for r in dated):
        latest = limit
    return DateInterval(earliest, latest), top


def _sentence(name: str, last: DateInterval, record_date: date | None) -> str:
    if record_date is None:
        return f"last {name} {last}"
    if last.earliest == date.min and last.latest == record_date:
        return f"{name} done, date not known"
    return f"last {name} {last}, {elapsed(last, record_date)} before {record_date.isoformat()}"
