"""Sentences that take back what a record says: of another chart, of another year, or a test.

"The above refers to bed 12", "Copied forward from 2016", "This is a test record", "Correction: that
was the brother's report". Such a sentence has none of the words that it takes back, so no criterion
hears it. It says nothing of what is true; it makes what stands before it less sure (cautions.py),
and one of the whole record all that the record says.
"""

import re
from enum import Enum
from functools import lru_cache

from winnow.judging.lazy_patterns import lazy_pattern


class Retraction(Enum):
    """What a sentence takes back."""

    RECORD = "all that the record says"
    REQUEST = "what the record asks for"
    BEFORE = "what stands before it"
    SYMPTOMS = "what stands before it, unless it was denied"
    ADDED = "what stands before it, if what it adds is of that"


_WRITING = (
    r"(?:note|record|report|entry|document|text|paragraph|section|history|statement|dictation"
    r"|information|findings?|sentence|page|encounter|chart|account|case)s?"
)
_ABOVE = lazy_pattern(
    # "the above refers", "the text above is", "the foregoing history was"
    r"^\W*(?:the |everything |anything |all |what (?:is|stands|was written) )?"
    rf"(?:{_WRITING} )?(?:given |written )?above(?:[- ]\w+)?(?: {_WRITING})?"
    r"(?! (?:the|a|an|average|normal|his|her|cut-?off|threshold|limit|\d))\b"
    r"|\b(?:the|all|this|that|these) (?:\w+ )?(?:above|foregoing|preceding|aforementioned)\b"
    r"|^\W*(?:foregoing|preceding|aforementioned)\b"
    r"|\b(?:all|none|nothing|everything|most|much|some|any|parts?|half|little"
    r"|each) (?:of )?(?:the )?"
    rf"(?:above|foregoing|preceding|{_WRITING} above|what (?:is|was|stands)(?: \w+)? above)\b"
    rf"|^\W*(?:the )?(?:previous|earlier|prior|last|first) (?:\w+ )?"
    r"(?:paragraph|sentence|section|entry|note|statement)s?\b",
    re.IGNORECASE,
)
_THIS = lazy_pattern(
    r"\b(?:this (?:note|record|report|entry|document|text|paragraph|section|dictation|page|chart"
    r"|case)"
    r"|(?:all|none|nothing|most|much|little) of (?:this|that|it|these|those))\b"
    r"(?:\W+\w+){0,4}?\W+(?:refers?|describes?|belongs?|pertains?|concerns?|relates?|appl(?:y"
    r"|ies)|came"
    r"|comes|holds?|true|valid|(?:is |are )?(?:of|from|about) (?:the |a |an )?(?:\w+ )?(?:19"
    r"|20)\d\d"
    r"|is (?:of|about|hers|his|theirs)|was (?:of|about|meant|intended|written for|generated"
    r"|produced))\b",
    re.IGNORECASE,
)
_OF_COURSE = lazy_pattern(
    # What is said of what stands above, and leaves it as it is.
    r"\b(?:discuss\w*|review(?:ed|ing)?|agree\w*|explain(?:ed|s)?|underst\w+|counsel\w*"
    r"|sign(?:ed|s)?"
    r"|dictat\w+|transcri\w+|concur\w*|approv\w*|confirm(?:ed|s)?|attest\w*|support(?:s|ed)?"
    r"|(?:as|see|per|noted|listed|mentioned|described|given|plan|because of|due to|given|for) "
    r"(?:the )?above|thank\w*|electronically|recommend\w*|suggest\w*|consistent|warrants?|justif\w+"
    r"|meets?|qualif\w+|indicat\w+|request\w*|despite|symptoms? (?:above|persist)|ongoing"
    r"|continu\w+"
    r"|persist\w*|remain\w*|still)\b",
    re.IGNORECASE,
)
_SHARED = lazy_pattern(
    r"\b(?:discussed|reviewed|shared|gone over|went over|explained)\b[^.;]{0,20}? (?:with"
    r"|to) [^.;]{0,40}",
    re.IGNORECASE,
)
"""With whom it was discussed says nothing of whom it is about."""
_UNDOES = lazy_pattern(
    r"\b(?:not|no|never|none|nothing|isn't|wasn't|aren't|weren't|doesn't|don't|wrong\w*|error\w*"
    r"|mistake\w*|incorrect\w*|inaccurate\w*|untrue|false\w*|invalid|void\w*|outdated|obsolete"
    r"|other|another|different|else\w*|brother|sister|twin|mother|father|son|daughter|wife|husband"
    r"|roommate|neighbou?r|copied|copy|pasted|template|boilerplate|default|disregard\w*"
    r"|ignor\w+)\b",
    re.IGNORECASE,
)
_WHOLE = lazy_pattern(
    rf"\b(?:test|sample|dummy|mock|fake|fictional|fictitious|invented|made[- ]up|simulated"
    rf"|imaginary"
    rf"|demo|demonstration|training|teaching|practice|example|hypothetical) "
    rf"(?:patient|person|case|data|vignette|{_WRITING})\b"
    r"(?! (?:was|were|is) (?:positive|negative|normal))"
    r"|\b(?:not a real|no real)\b"
    r"|\bfor (?:training|teaching|demonstration|educational?|testing|illustration|test|practice)"
    r"(?: purposes?)?(?: only)?\W*$"
    r"|\bfor (?:training|teaching|demonstration|educational?|testing|illustration) purposes\b"
    r"|\b(?:entered|written|filed|charted|documented|dictated|recorded|created|opened|uploaded"
    r"|scanned|posted|typed|placed|saved|signed) (?:\w+ ){0,3}?"
    r"(?:in error|by mistake|mistakenly|erroneously"
    r"|(?:the )?(?:wrong|another|different|other) (?:patient|chart|person|record|file|mrn)\w*)"
    r"|\b(?:wrong|incorrect|another|a different|someone else's|other) "
    r"(?:patient(?:'s)?|person's|chart|mrn|medical record|individual)\b(?! (?:has|had|is|was)\b)"
    rf"|\b{_WRITING} (?:is|was|has been|have been|were|are|to be)? ?(?:\w+ )?"
    r"(?:retracted|void(?:ed)?|withdrawn|nullified|invalid(?:ated)?|superseded|struck|deleted"
    r"|rescinded|disregarded|ignored|cancell?ed)\b"
    r"|^\W*(?:void|voided|retracted|deleted|disregard|draft|do not use|not for (?:clinical )?use)"
    r"\b[^.]{0,30}\W*$"
    rf"|\b(?:ignore|disregard|discard|delete|retract(?:s|ing)?|withdraws?|rescinds?|voids?"
    rf"|disowns?)"
    rf" (?:\w+ ){{0,3}}{_WRITING}\b"
    r"|\bnot (?:this|the|our|my) (?:patient|pt|chart|man|woman)(?:'s)?\b"
    r"|\b(?:typical|model|standard|template) (?:candidate|patient|case)\b"
    r"|\b(?:mixed|mix)[ -]up (?:of|with|between) (?:\w+ )?(?:patients|charts|records)\b",
    re.IGNORECASE,
)
_ANIMAL = lazy_pattern(
    r"\bveterinary (?:clinic|record|patient|hospital|note|history|medicine)\b"
    r"|\b(?:canine|feline|equine) (?:patient|\d)|\b(?:spayed|neutered)\b"
    r"|^\W*(?:\w+\W+){0,2}?\d{1,2}[- ](?:y/?o|years?[- ]old|yr[- ]old|months?[- ]old)"
    r" (?:\w+ ){0,3}?(?:dog|bitch|cat|tomcat|horse|mare|gelding|pony|rabbit|ferret|labrador"
    r"|retriever|poodle|terrier|spaniel|beagle|dachshund|shepherd|collie|hound|siamese)\b"
    r"|^\W*\w+, (?:\w+ )?(?:labrador|retriever|poodle|terrier|spaniel|beagle|dachshund)\b",
    re.IGNORECASE,
)
_KIN = (
    r"(?:brother|sister|mother|father|son|daughter|wife|husband|twin|cousin|aunt|uncle|roommate"
    r"|neighbou?r|friend)"
)
_SLIP = lazy_pattern(
    # An order about the text: "Scratch that", "Oops, wrong tab. Delete."
    r"(?:^|[,.;:!?(–—-])\W*(?:(?:please|pls|oops|whoops|sorry|no|wait|actually|and|then)[,\s]{1,3})*"
    r"(?:scratch|strike|forget|disregard|ignore|delete|erase|undo|drop|cancel|nix|move|discard) "
    r"(?:that|this|it|all (?:that|this|of)|everything|what (?:i|we|was|is|stands)|the (?:last|above"
    r"|previous|foregoing)|my (?:last|previous))\b(?! (?:he|she|they|the patient)\b)"
    r"|^\W*(?:(?:please|pls|now|to be|was|is) ){0,2}(?:deleted?|purged?|nullified|retract|void"
    r"|misfiled|mis-?filed|misdirected"
    r"|withdrawn|retracted|erased?|scratch|strike|cancel(?:led|ed)?|ignore|disregard)\W*$"
    r"|\b(?:oops|whoops|my (?:mistake|error|bad|apologies))\b"
    r"|\b(?:wrong|another|different|other) (?:tab|window|screen|case|encounter|patient|pt|person"
    r"|file|bed|room|name|dob|chart|record|mrn|account|hit|click)\b(?! (?:has|had|is|was|with)\b)"
    r"|\b(?:this|that|it|which|note|record|entry|report|document|letter|page|above|they|these)"
    r" (?:is|was|were|are|has been|have been|got|seems?)(?: to be)? (?:\w+ )?(?:misfiled|mis-?filed"
    r"|misdirected|mixed up|swapped)\b"
    # The writer tells what went wrong.
    rf"|\bI (?:was|am|had been|must have been|have been|may have been) (?:\w+ )?"
    rf"(?:looking (?:at|in)"
    rf"|thinking (?:of|about)|reading|writing (?:about|of|on|in)|charting|dictating|typing)"
    rf" (?:\w+ ){{0,3}}?(?:{_KIN}|someone|somebody|another|other|wrong|different|next|last|previous"
    rf"|(?:mr|mrs|ms|miss)\b\.? \w+)"
    r"|\bI (?:\w+ ){0,2}?(?:mixed|confused|mistook|mistaken|swapped|switched)\b"
    r"|\b(?:got|had|were|was) (?:\w+ ){1,4}(?:mixed up|swapped|switched|confused)\b"
    r"|\b(?:meant|intended|written|dictated|entered) for (?:(?:mr|mrs|ms|miss)\b|the (?:other|next)"
    r"|another)|\bthe other (?:mr|mrs|ms|miss)\b"
    r"|\bnever mind\b|^\W*not (?:him|her|his|hers|this one|our\w*|mine|this (?:lady|man|woman))\b"
    r"|\b(?:take|leave|cut|cross|rub) (?:that|this|it|all) out\b"
    rf"|\b(?:it|that|this|those|these) (?:is|was|are|were) (?:all )?(?:about|of|for|from) "
    rf"(?:his|her|the|a|my) {_KIN}\b"
    rf"|\b(?:concerns?|regards?|relates? to|refers? to|about) "
    rf"(?:his|her|the|my) {_KIN}\W*$"
    r"|\b(?:that|it)(?:['’]s| is| was) (?:room|bed) \w+"
    r"|\b(?:mixed|mixing|confused|confusing|mistook|mistaken) (?:\w+ ){1,3}?(?:up )?(?:with|for) "
    r"(?:another|someone|somebody|the|a|mr|mrs|ms|miss|his|her)\b"
    # Whose it is.
    rf"|\b(?:it|that|those|these|they|all)(?:['’]s|['’]re| is| was| were| are| belongs? to)"
    rf"(?: all)? (?:(?:mr|mrs|ms|miss)\.? [\w'’-]+|the (?:last|previous|next|other) (?:\w+ )?"
    rf"(?:case|patient|one|note|pt|man|woman)|(?:his|her|the) {_KIN}['’]s)"
    rf"|\b(?:his|her|the) {_KIN}['’]s (?:chart|record|note|file|results?|labs?|history|data|report)"
    r"|(?:^|[;,.–—-])\W*(?:and )?(?:now|next|on)(?:,| to| for| on to| comes?| back to)*"
    r" (?:mr|mrs|ms|miss|the next|patient)\b"
    r"|(?:^|[;,.–—-])\W*next (?:case|patient|pt)\b"
    # Where it goes.
    r"|\b(?:re-?)?(?:move|moved|transfer|transferred|file|filed|assign|assigned|copied|belongs?)"
    r" (?:\w+ ){0,3}?(?:right|correct|proper|other|another|different|appropriate)"
    r" (?:mrn|chart|patient|record|file|person|account)(?:'s)?\b",
    re.IGNORECASE,
)
"""What a writer says who notices that it is of somebody else."""
_ASKED_NO_MORE = lazy_pattern(
    r"\bno (?:longer )?(?:need|wish|reason) for (?:\w+ )?(?:authori[sz]ation|request|referral)\b"
    r"|\b(?:requests?|orders?|referral|authori[sz]ation|prior auth|application|claim|submission)"
    r" (?:(?:is|was|has|been|have|now|hereby|therefore|are|were) ){0,3}(?:withdrawn|cancell?ed"
    r"|rescinded|retracted|voided|revoked|pulled)\b"
    r"|\b(?:withdraw|cancel|rescind|retract|revoke)(?:s|ing|ling)? (?:the|this|our|my|his|her)"
    r" (?:\w+ ){0,2}?(?:request|order|referral|authori[sz]ation|application|claim|submission)\b",
    re.IGNORECASE,
)
_COPIED = lazy_pattern(
    r"\b(?:copied|carried|pulled|brought|imported|cloned|copy|pasted|cut and pasted) "
    r"(?:and pasted |forward|over|from (?:a |an |the |his |her )?(?:old|prior|previous|earlier"
    r"|last|20\d\d|19\d\d|template|another|other|different))"
    rf"|\b(?:cloned|copied|duplicated?|pasted) {_WRITING}\b"
    r"|\bcopy[- ](?:and[- ])?paste\w*|\bcopy[- ]forward|\bcopied and pasted"
    r"|\b(?:not|never|nor) (?:yet )?(?:been )?(?:(?:re-?)?verified|validated|re-?checked|updated"
    r"|re-?confirmed)\b|\bwritten before\b"
    r"|\b(?:auto-?populated|auto-?filled|autotext|boilerplate|default text|smartphrase"
    r"|dot ?phrase|template(?:'s)? (?:default|text))\b",
    re.IGNORECASE,
)
_GONE = lazy_pattern(
    r"^\W*(?:(?:since|now|today|by now|meanwhile|currently),? )?"
    r"(?:(?:all|everything|each|both)(?: of)?(?: the| these| those| this| that| his| her)?"
    r"|these|those|this|that|the|his|her)?(?: (?:\w+ ){0,2}?)?"
    r"(?:all|everything|this|that|these|those|it|symptoms?|complaints?|problems?|findings?|issues?"
    r"|conditions?|abnormalities|episodes?)\b(?: (?:has|have|had|is|are|was|were|since|now|all"
    r"|completely|fully|long|entirely|been|then|above|quickly|spontaneously)){0,4}"
    r" (?:resolved|gone|settled|cleared|ceased|subsided|abated|disappeared|corrected|cured|better"
    r"|over|stopped|vanished|went away|in the past|history|outdated|obsolete|superseded|old news"
    r"|behind (?:him|her|me)|no longer|ended|remitted)\b",
    re.IGNORECASE,
)
_OVER = lazy_pattern(
    r"^[^\w\[\](]*(?:(?:has|have|had|is|was|now|since|then|fully|completely|entirely|all|it|this|that|and"
    r"|long|meanwhile|everything) ){0,4}(?:resolved|ceased|subsided|abated|settled|disappeared"
    r"|vanished|went away|gone|self-limited|over|(?:stopped|cleared)(?= (?:after|since|with|on|once"
    r"|when|by|spontaneously|as soon|following|in)\b|\W*$))\b"
    r"|\b(?:no|not|never|without|nor|n['’]t)\b[^.;,]{0,40}?\b(?:another|further|more|new|repeat"
    r"|subsequent|additional|other) (?:\w+ )?(?:episodes?|bouts?|events?|attacks?|bleeds?"
    r"|recurrences?|incidents?|spells?)\b"
    r"|\bno (?:\w+ )?(?:recurrences?|relapses?|repeats?)\b"
    r"|\b(?:not|never|n['’]t) (?:yet |since |ever )?(?:recurred|returned|come back|reappeared"
    r"|happened again|relapsed)\b"
    r"|\bnothing (?:\w+ ){1,2}(?:come back|recurred|returned|happened)\b"
    r"|\b(?:nothing|none) (?:since|(?:in|for|over|during) the (?:last|past))\b"
    r"|\b(?:nothing|none) (?:more|further|else) (?:since|after\w*|in|for)\b"
    r"|\b(?:not|never|n['’]t) (?:\w+ ){1,4}again\b"
    r"|\bfree of (?:it|this|that|these|symptoms|episodes|trouble)\b"
    r"|\b(?:stools?|motions?|bowel movements?) (?:\w+ ){0,4}(?:brown|normal|formed) (?:\w+ ){0,3}?"
    r"(?:for|since)\b"
    r"|\blast (?:episode|event|bout|time)(?: of \w+)? (?:was|is|were|occurred|happened)? ?"
    r"(?:\w+ ){0,3}(?:months?|years?) ago\b"
    r"|\b(?:problem|issue|trouble) (?:is |was |has been )?(?:solved|over)\b"
    r"|\b(?:episode|event|symptom|complaint|trouble)[- ]free\b"
    r"|\b(?:well|fine|ok|okay|quiet|normal|perfect|symptomless|asymptomatic) (?:ever )?since\b"
    r"|\b(?:uneventful|quiet) (?:ever )?since\b",
    re.IGNORECASE,
)
_HEADED = lazy_pattern(
    r"^\W*(?:(?P<correction>corrections?|corrected|errat(?:um|a)|corrigend(?:um|a)|retraction"
    r"|retracted|amendments?|amended|revision|rectification|correcting)"
    r"|(?P<addition>addend(?:um|a)|late entry|update|clarification|post ?script|p\.? ?s\.?|edit"
    r"|edited|supplement(?:al)?(?: note| report)?))\b"
    r"(?=[^:.;,–—-]{0,40}[:;–—-]|\W*\d|\W+(?:to|by|on)\b|\W*$|\. |, )",
    re.IGNORECASE,
)
OF_WHAT_WAS_SAID = lazy_pattern(
    r"\b(?:above|previous\w*|earlier|before|prior|foregoing|actually|in fact|instead|rather|however"
    r"|but|not|no|never|none|nobody|isn't|wasn't|doesn't|didn't|don't|wrong\w*|error|mistake\w*"
    r"|incorrect\w*|inaccurate\w*|false|untrue|other|another|different|someone|brother\w*|sister\w*"
    r"|twin\w*|wife\w*|husband\w*|roommate\w*|read(?:ing)?|re-?read|reinterpret\w*|report\w*"
    r"|result\w*|patholog\w*|histolog\w*|biops\w*|radiolog\w*|records?|films?|chart\w*"
    r"|diagnos\w*|show(?:s|ed|n)|reveal\w*|found|finding\w*|confirm\w*|came back|returned|positive"
    r"|negative|abnormal|normal|source|bled|bleed\w*|blood\w*|now|states?|stated|says?|said|admits?"
    r"|admitted|recalls?|remember\w*|denie[sd]|corrected|changed|belongs?|that was|those were"
    r"|these were|this was|it was|withdrawn?|resolved|stopped|gone"
    r"|swap\w*|switch\w*|mix(?:ed)?|mislabel\w*|samples?|specimens?|labs?|laborator\w*|misread\w*"
    r"|retract\w*|cancel\w*|duplicate\w*|mis\w+ed)\b",
    re.IGNORECASE,
)
"""In what is added to a note: it may be of what the note says."""


@lru_cache(maxsize=1_024)
def retraction(sentence: str) -> Retraction | None:
    """What a sentence takes back; None: nothing."""
    if _WHOLE.search(sentence) and not _is_denied_test(sentence):
        return Retraction.RECORD
    if headed := _HEADED.match(sentence):
        return Retraction.BEFORE if headed["correction"] else Retraction.ADDED
    if _SLIP.search(sentence) or _ANIMAL.search(sentence):
        return Retraction.RECORD
    if _ASKED_NO_MORE.search(sentence):
        return Retraction.REQUEST
    if _COPIED.search(sentence):
        return Retraction.BEFORE
    if _GONE.match(sentence):
        return Retraction.SYMPTOMS
    if _ABOVE.search(sentence) is not None or _THIS.search(sentence) is not None:
        is_undone = (
            _UNDOES.search(_SHARED.sub("", sentence)) is not None
            or _OF_COURSE.search(sentence) is None
        )
        return Retraction.BEFORE if is_undone else None
    return None


@lru_cache(maxsize=1_024)
def is_over(sentence: str) -> bool:
    """Whether a sentence that names no finding says that what was found is over."""
    return _OVER.search(sentence) is not None


_DENIED_TEST = lazy_pattern(
    r"\b(?:stool|blood|lab|laboratory|breath|FIT|skin|urine) (?:test|sample)"
)


def _is_denied_test(sentence: str) -> bool:
    """Whether "test" and "sample" are of the laboratory: "the stool sample report"."""
    return _DENIED_TEST.search(sentence) is not None
