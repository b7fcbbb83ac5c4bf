"""Whether a sentence is about somebody or something other than the patient.

"The donor has recurrent melena", "Policy: recurrent melena", "He read about anemia". The words for
relatives are known to the context rules (context.tsv); no list has all other people. So whoever
*has* a finding is the patient only if the sentence says so: by a pronoun, a word for patients, an
age, or nothing at all in front of the verb. Otherwise it makes a decision less sure (cautions.py).
"""

import re
from collections.abc import Collection
from functools import lru_cache

from winnow.judging.lazy_patterns import lazy_pattern

_MAX_BEFORE = 160
"""Characters in front of a mention that are looked at."""
_PERSON = (
    r"(?:donors?|recipients?|care-?givers?|care-?takers?|carers?|landlord|landlady|tenants?"
    r"|passengers?|bab(?:y|ies)|infants?|newborns?|neonates?|f(?:o)?etus|toddlers?|child|children"
    r"|kids?|fianc[eé]e?s?|boss|co-?workers?|colleagues?|neighbou?rs?|in-?laws?|foster \w+"
    r"|step-?\w+|ex-(?:husband|wife|partner|boyfriend|girlfriend)|boyfriends?|girlfriends?"
    r"|nephews?|niece?s?|grand(?:mother|father|son|daughter|ma|pa|parents?|child|children)"
    r"|great-\w+|classmates?|team-?mates?|flat-?mates?|room-?mates?|house-?mates?|room mates?"
    r"|employers?|employees?|supervisors?|managers?|sitters?|babysitters?|nann(?:y|ies)|guardians?"
    r"|companions?|visitors?|guests?|acquaintances?|budd(?:y|ies)|pals?|lovers?|mates?|friends?"
    r"|wife|husband|spouse|partner|brothers?|sisters?|mother|father|mom|mum|dad|parents?|sons?"
    r"|daughters?|aunts?|uncles?|cousins?|twins?|siblings?|relatives?|family|interpreter|chaperone"
    r"|stranger|bystander|customers?|pupils?|priest|pastor|nun|lawyer|chauffeur|maid|cleaner"
    r"|cellmate|bunkmate|comrade|godmother|godfather|godson|goddaughter|ward(?: |-)?(?:mate"
    r"|neighbou?r)"
    r"|people|persons?|somebody|someone|others|patients|women|men|adults|subjects|controls|cohort"
    r"|dog|cat|pet|horse|puppy)"
)
_SOURCE = (
    r"(?:literature|polic(?:y|ies)|guidelines?|textbooks?|references?|definitions?|criteria"
    r"|criterion"
    r"|coverage|lcd|ncd|articles?|journals?|abstracts?|case (?:report|series"
    r"|example|vignette|study)|vignettes?|examples?|templates?|pubmed|uptodate|up-to-date|wikipedia"
    r"|internet|website|web ?page|handouts?|leaflets?|brochures?|pamphlets?|disclaimer|patient"
    r" education|education(?:al material)?|teaching(?: point)?|background|book|chapter|lecture|film"
    r"|movie|novel|news|advert\w*|label|package insert|drug information|indications? for"
    r"|contraindications?|appropriate use|medical necessity|coding (?:note|tip)|faq)"
)
_PATIENT = lazy_pattern(
    r"\b(?:patient|pt|he|she|i|we|who|man|woman|male|female|gentleman|lady|mr|mrs|ms|miss|sir|y/?o"
    r"|year-old|years?|veteran|beneficiary|resident|member|insured|enrollee|this|it|there|they"
    r"|that|which|client|case|claimant|subscriber)\b"
    r"|\d",
    re.IGNORECASE,
)
_NOBODY = lazy_pattern(
    r"(?:(?:has|had|have|having|is|was|been|being|may|might|also|now|still|then|again|recently|ever"
    r"|always|often|since|previously|currently|reportedly|initially|lately|long|once|today|just"
    r"|and|but)(?: |$))+",
    re.IGNORECASE,
)
"""In front of the verb: nobody, as notes leave out of whom they are."""
_NOT_THE_PATIENT = lazy_pattern(
    r"\b(?:index|previous|other|another|next|different|neighbou?ring|prior|last|earlier|adjacent"
    r"|typical|average|every|some|many|most|such|each|one|first|second|control|real|actual|wrong"
    r"|example|sample|standard|second|former) (?:patients?|pts?|man|woman|resident|client|case"
    r"|gentleman|lady|veteran|member)\b"
    r"|\b(?:patient|pt|client|resident|member|man|woman|gentleman|lady)['’]s \w+"
    r"|\bpatients\b|\b(?:man|woman|patient|lady|gentleman) in (?:the )?(?:bed|next|room)\b",
    re.IGNORECASE,
)
_HAS = lazy_pattern(
    r"^\W*(?P<who>(?:\w[\w'’-]* ){0,5}?\w[\w'’-]*) (?:(?:also|now|still|never|always|reportedly"
    r"|often"
    r"|recently|once) )?"
    r"(?:has|had|have|suffers?(?: from)?|suffered(?: from)?|developed|develops|experienced"
    r"|experiences|gets|got|presents with|presented with|complains of|complained of"
    r"|was (?:diagnosed|treated|admitted|hospitali[sz]ed|seen|transfused) (?:with|for)"
    r"|is (?:being )?(?:treated|admitted|hospitali[sz]ed|seen) (?:with|for)"
    r"|bleeds|bled|is bleeding|is anemic|was anemic|passes|passed)\b(?P<between>[^.;]{0,60}?)$",
    re.IGNORECASE,
)
"""From the sentence's beginning to a keyword."""
_IS = lazy_pattern(
    rf"^\W*(?:the |a |an |his |her |my |their |our )?(?:[\w'’-]+ ){{0,2}}?{_PERSON}"
    r"(?:'s|’s)?\b(?:\W+[\w'’-]+){0,3}?(?: with| has| had| have|:| -| –| is| was|,)(?=\W)",
    re.IGNORECASE,
)
_OF_SOURCE = lazy_pattern(
    rf"^\W*(?:the |a |an |per |from |see |our |his |her |in |according to )?(?:[\w'’-]+ ){{0,2}}?"
    rf"{_SOURCE}\b"
    r"(?:\W{0,3}\([^)]{0,40}\))?"
    r"(?: (?:was|were|given|provided|handed|printed|enclosed|sent|read|reads|says|text|excerpt"
    r"|quoted|attached|out|over|to|for|on|about|the|his|her|patient|family|home|today|discussed|shown"
    r"|reviewed|explained|mailed|section|page|quote|wording)){0,5}"
    r"(?::| [-–]|,| (?:\w+ ){0,2}?(?:describ|report|list|mention|stat|say|said|cover|requir|includ"
    r"|discuss|show|defin|on\b|of\b|about\b|for\b))",
    re.IGNORECASE,
)
_THINGS = lazy_pattern(
    r"\b(?:evaluation|workup|work-up|course|illness|condition|symptoms?|complaints?|problems?"
    r"|bowels?|stools?|motions?|weight|appetite|colon|rectum|stomach|tests?|labs?|studies|exams?"
    r"|examination|endoscop\w+|colonoscop\w+|egd|scopes?|scan|ct|mri|imaging|iron|hemoglobin|blood"
    r"|bleeding|anemia|melena|cause|source|pain|disease|history|count|level|results?|findings?"
    r"|episodes?|stay|visit|day|days|week|weeks|month|months|toilet|bowl|paper|counts?|biops\w+"
    r"|colitis|crohn['’]?s?|polyps?|cancer|area|nothing|all|both|hematochezia|hematocrit"
    r"|hemorrhoids?|series|enterography|enteroscopy|capsule|gut|intestine|and|denies|denied|no|to"
    r"|still|not|never|continued|continues)\b",
    re.IGNORECASE,
)
_SHOWN = lazy_pattern(
    r"\b(?:been|shown|revealed|included|found|demonstrated|caused|led|become|no|not)\b",
    re.IGNORECASE,
)
_TELLS_OF = lazy_pattern(
    r"\b(?:read|reads|reading|heard|hears|learn(?:ed|t|s)?|asks?|asked|asking|googled?|googling"
    r"|dream(?:s|t|ed)?|talk(?:s|ed)?|talking|lectur\w+|wrote|writes|writing|articles?|books?|movie"
    r"|film|pamphlets?|leaflets?|brochures?|handouts?|video|podcast|poster|curious|wonder\w*"
    r"|interested|research(?:es|ed|ing)?|inquir\w+|enquir\w+|educat\w+|information|questions"
    r"|teach\w*|taught|class|course|seminar|joke[sd]?|joking|obsess\w+|knows?) (?:\w+ ){0,2}?"
    r"(?:about|on|regarding|up|of)\W+(?:[\w-]+\W+){0,3}?$"
    r"|\b(?:googl(?:es?|ed|ing)|look(?:s|ed|ing) up|research(?:es|ed|ing)|stud(?:ied|ying))\W+"
    r"(?:[\w-]+\W+){0,2}?$",
    re.IGNORECASE,
)
_TELLS = lazy_pattern(
    r"\b(?:states?|stated|reports?|reported|says?|said|notic\w+|notes?|noted|asks?|asked|thinks?"
    r"|feels?|br(?:ings|ought)|wants?|requests?|tells?|told|describ\w+|witness\w*|confirms?|found"
    r"|finds|saw|sees|adds?|sends?|sent|writes?|wrote|calls?|called|phoned|texted|e-?mailed|brings"
    r"|observ\w+|showed|shows|photo\w*|he|she|i|the patient|pt|drove|accompan\w+|took)\b",
    re.IGNORECASE,
)
"""What somebody else tells is of the patient: "Daughter sends photo: black stool"."""
_NEW_CLAUSE = lazy_pattern(
    r"[,;.|]\s*(?=(?:no|not|never|without|denies|denied|has|had|is|was|he|she|i|patient|pt"
    r"|the patient"
    r"|and|but|asymptomatic|now|here|who)\b)|\n|\|",
    re.IGNORECASE,
)
_ONLY_A_WORD = lazy_pattern(
    r"^(?:['’]s)?[ -](?:nurse|doctor|physician|specialist|researcher|scientist|advocate|clinic"
    r"|ward|leaflet|brochure|pamphlet|poster|walk|charity|foundation|awareness|support"
    r"|fundrais\w+|ribbon|insurance|policy|guideline|book|website|video|article|study|trial"
    r"|registry"
    r"|lecture|course|class|counsel(?:l)?or|surgeon|oncologist|coordinator|navigator|volunteer"
    r"|hotline"
    r"|research|conference|module|protocol|pathway|code|icd|template|pathologist|screener|service"
    r"|center|centre|hospice|campaign|app|literature)s?\b",
    re.IGNORECASE,
)
_ONLY_LOOKED_FOR = lazy_pattern(
    r"^(?:['’]s)?[ -](?:screening|tests?|testing|check|check-up|scare|worry|fear|risk)\b",
    re.IGNORECASE,
)
"""Behind what a relative has: "her mother's colon cancer screening" is no cancer."""
_ELSEWHERE = lazy_pattern(
    r"\b(?:see|refer to|cf|check|per|look at) (?:the |his |her )?(?:old|outside|prior|previous"
    r"|separate|paper|other|scanned|attached) (?:\w+ )?(?:charts?|notes?|records?|files?"
    r"|reports?)\b",
    re.IGNORECASE,
)


@lru_cache(maxsize=1_024)
def _beginnings(sentence: str, keywords: frozenset[str]) -> tuple[tuple[str, str], ...]:
    """What stands before each mention of a keyword in its sentence, and what behind."""
    pattern = "|".join(re.escape(keyword) for keyword in sorted(keywords, key=len, reverse=True))
    return tuple(
        (sentence[: found.start()], sentence[found.end() :])
        for found in re.finditer(rf"(?<!\w)(?:{pattern})(?!\w)", sentence, re.IGNORECASE)
    )[:4]


def is_of_another(sentence: str, keywords: Collection[str], *, of_relatives: bool = False) -> bool:
    """Whether a sentence that names keywords says them of nobody, or of somebody else.

    `of_relatives`: it may be about relatives, as a family history is.
    """
    mentions = _beginnings(sentence, frozenset(keywords)) if keywords else ()
    if _ELSEWHERE.search(sentence) and mentions:
        return True
    if _OF_SOURCE.match(sentence[:_MAX_BEFORE]):
        return True
    # What one mention says of the patient, another need not repeat.
    return bool(mentions) and all(
        _is_a_word(before, behind)
        or (_ONLY_LOOKED_FOR.match(behind) is not None if of_relatives else _has_another(before))
        for before, behind in mentions
    )


def _is_a_word(before: str, behind: str) -> bool:
    """Whether a keyword is what is told of, or names a thing: "a colon cancer nurse"."""
    return _TELLS_OF.search(before[-80:]) is not None or _ONLY_A_WORD.match(behind) is not None


def _has_another(before: str) -> bool:
    """Whether what stands in front says that somebody else has it."""
    before = _NEW_CLAUSE.split(before[-_MAX_BEFORE:])[-1]
    if _NOT_THE_PATIENT.search(before):
        return True
    if _IS.match(before) and not _TELLS.search(before):
        return True
    if (has := _HAS.match(before)) is None:
        return False
    who = has["who"]
    if _NOBODY.fullmatch(who) or _PATIENT.search(who) or _THINGS.search(who) or "," in who:
        return False
    return _SHOWN.search(has["between"]) is None
