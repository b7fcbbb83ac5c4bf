"""The e-mails of releases: versions and numbers, never document text."""

from winnow.models import Mail
from winnow.registry.models import Action, AliasChange
from winnow.registry.trainings import EndedTraining, TrainingOutcome
from winnow.releases.models import VersionWatch


def changed(change: AliasChange, page_url: str = "") -> Mail:
    """The e-mail that the gate has promoted a challenger or taken it back, and why."""
    challenger = (change.released or "")[:12]
    champion = change.champion_after[:12]
    if change.action is Action.PROMOTED:
        subject = f"Winnow {change.process}: {challenger} was promoted"
        what = (
            f"Winnow promoted the challenger {challenger} of the process {change.process}. It "
            "decides every new upload. Runs under way keep their version."
        )
        undo = f"To take it back:    winnow release rollback {change.process}"
    elif change.champion_before != change.champion_after:
        subject = f"Winnow {change.process}: {challenger} was taken back"
        what = (
            f"Winnow took the new champion {challenger} of the process {change.process} back. The "
            f"champion before, {champion}, was kept ready: it decides every new upload. Runs under "
            "way keep their version."
        )
        undo = f"The version:         winnow model show {change.process} {challenger}"
    else:
        subject = f"Winnow {change.process}: {challenger} was taken back"
        what = (
            f"Winnow took the challenger {challenger} of the process {change.process} back. The "
            f"champion {champion} decides every new upload. Runs under way keep their version."
        )
        undo = f"Its audited records: winnow release status {change.process}"
    body = [
        what,
        "",
        f"Why        {change.reason}",
        f"Code       {change.code}",
        f"Champion   {champion}",
        f"Before     {(change.champion_before or '')[:12]}",
        "",
        undo,
        f"To see the history: winnow model show {change.process}",
    ]
    return Mail(subject=subject[:99], body="\n".join([*body, *_page(page_url)]) + "\n")


def broken(watch: VersionWatch, page_url: str = "") -> Mail:
    """The e-mail that the champion no longer keeps its guarantee."""
    precision = watch.precision
    guarantee = watch.guarantee or 0.0
    body = [
        f"The champion {watch.version[:12]} of the process {watch.process} does not keep its "
        "guarantee any more.",
        "",
        f"Guarantee  at least {guarantee:.2%} of what is accepted is right",
        f"Audited    {precision.n:,} accepted records, {precision.right:,} of them right",
        f"Precision  {precision.lower:.2%} to {precision.upper:.2%}, with 95 % confidence",
        "",
        "It goes on deciding. Look at the records that people decided differently, raise the",
        "threshold of the process, or return to the version before:",
        f"    winnow release rollback {watch.process}",
        *_page(page_url),
    ]
    subject = f"Winnow {watch.process}: the guarantee is not kept"
    return Mail(subject=subject[:99], body="\n".join(body) + "\n")


def trained(ended: EndedTraining, page_url: str = "") -> Mail:
    """The e-mail that a training has ended: what came of it, and what to do."""
    process = ended.process
    if ended.challenger is not None:
        subject = f"Winnow {process}: a challenger waits"
        what = (
            f"Winnow trained the process {process}. The challenger {ended.challenger[:12]} waits "
            "for its release; it decides nothing until then."
        )
        todo = [
            f"To see it:         winnow model show {process} challenger",
            f"To try it:         winnow release shadow {process}",
        ]
    elif ended.outcome is TrainingOutcome.FAILED:
        subject = f"Winnow {process}: the training failed"
        what = f"Winnow could not train the process {process}. Nothing was changed."
        todo = [f"What to do         {ended.hint}"]
    else:
        subject = f"Winnow {process}: trained, and nothing is better"
        what = (
            f"Winnow trained the process {process}, and the challenger is not better than the "
            "champion. Nothing was changed."
        )
        todo = ["More decisions of people, or other examples in the definition, may change that."]
    body = [
        what,
        "",
        f"Why        {ended.sentence}",
        *([f"Code       {ended.code}"] if ended.code else []),
        f"Decisions  {ended.decisions:,}",
        f"Ended      {ended.at}",
        "",
        *todo,
    ]
    return Mail(subject=subject[:99], body="\n".join([*body, *_page(page_url)]) + "\n")


def _page(page_url: str) -> list[str]:
    return ["", f"Page       {page_url}#/models"] if page_url else []
