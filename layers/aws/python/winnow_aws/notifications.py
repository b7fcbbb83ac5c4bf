"""What SNS calls a function with: messages of a topic."""

from pydantic import BaseModel, ConfigDict, Field


class Attribute(BaseModel):
    """An attribute of a message."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    Value: str = ""


class Message(BaseModel):
    """A message, as it was published."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    Subject: str | None = None
    Message: str
    MessageAttributes: dict[str, Attribute] = Field(default_factory=dict)

    @property
    def attributes(self) -> dict[str, str]:
        """The attributes' values by name."""
        return {name: attribute.Value for name, attribute in self.MessageAttributes.items()}


class Record(BaseModel):
    """One of the messages."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    Sns: Message


class NotifyInput(BaseModel):
    """The messages of one call; SNS sends one at a time."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    Records: list[Record] = Field(min_length=1)
