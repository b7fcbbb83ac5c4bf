"""What rings of the stack as a whole. Its texts are the template's: they hold nothing of a file."""

from winnow_api.call import Call
from winnow_api.services import Services
from winnow_api.shapes import AlarmItem, Alarms, Nothing


def listed(services: Services, call: Call, given: Nothing) -> Alarms:
    """The alarms that ring now, the longest first."""
    ringing = services.alarms().ringing()
    return Alarms(
        items=tuple(
            AlarmItem(name=one.name, description=one.description, since=one.since)
            for one in ringing
        )
    )
