"""Whether the function answers, who is signed in, and what can be judged by."""

from winnow.processes.schema import CriteriaProcess, Process
from winnow.reviews.choices import choices_of
from winnow.reviews.items import Named
from winnow_api.call import Call
from winnow_api.services import Services
from winnow_api.shapes import Health, Me, Nothing, Processes, ProcessItem


def health(services: Services, call: Call, given: Nothing) -> Health:
    """Whether the function answers. It looks at nothing else: a health check costs nothing."""
    return Health()


def me(services: Services, call: Call, given: Nothing) -> Me:
    """Who is signed in."""
    user = call.user
    processes = None if user.processes is None else tuple(sorted(user.processes))
    return Me(user=user.name, groups=tuple(sorted(user.groups)), processes=processes)


def processes(services: Services, call: Call, given: Nothing) -> Processes:
    """The processes that are open to the user, by id."""
    definitions = sorted(services.registry().definitions, key=lambda d: d.id)
    return Processes(
        items=tuple(
            ProcessItem(
                id=d.id,
                version=d.version,
                kind=d.kind,
                title=d.title,
                description=d.description,
                codes=d.codes,
                decisions=decisions_of(d),
                criteria=criteria_of(d),
                threshold=d.threshold,
                text=bool(d.input.text_columns) and not d.of_pictures,
                pictures=d.of_pictures,
                numbers=d.input.numeric_columns,
            )
            for d in definitions
            if call.user.may_see(d.id)
        )
    )


def decisions_of(definition: Process) -> tuple[Named, ...]:
    """What a person may decide."""
    return tuple(
        Named(id=choice.id, title=choice.title)
        for choice in choices_of(definition)  # type: ignore[arg-type]
    )


def criteria_of(definition: Process) -> tuple[Named, ...]:
    """The criteria of a process; none for one of labels."""
    if not isinstance(definition, CriteriaProcess):
        return ()
    return tuple(Named(id=c.id, title=c.title) for c in definition.criteria)
