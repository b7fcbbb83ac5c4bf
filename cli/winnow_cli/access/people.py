"""What people do with a stack, in words: the choices of `winnow policy`.

Nothing of AWS is loaded here: the command line reads this before it knows which command it runs.
"""

from enum import StrEnum


class Person(StrEnum):
    """What somebody does with a stack."""

    DROP = "drop"
    READ = "read"
    REVIEW = "review"
    PUBLISH = "publish"
    PROMOTE = "promote"
    DEPLOY = "deploy"
    OPERATE = "operate"
    FORGET = "forget"
