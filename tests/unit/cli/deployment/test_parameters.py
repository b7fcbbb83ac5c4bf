"""Values of the template's parameters: which ones CloudFormation would take."""

from pathlib import Path

import pytest

from winnow_cli.deployment.parameters import Parameter, Parameters

ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="module")
def shipped() -> Parameters:
    return Parameters.read(ROOT / "template.yaml")


def test_every_default_is_allowed(shipped: Parameters) -> None:
    for parameter in shipped.listed:
        assert parameter.default is not None
        assert parameter.problem(parameter.default) is None, parameter.name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NotifyEmail", "nobody"),
        ("MailFileNames", "yes"),
        ("MailDigestMinutes", "7"),
        ("Threshold", "1.1"),
        ("MaxRuns", "-1"),
        ("MaxRuns", "1001"),
        ("MaxRuns", "many"),
        ("MaxRuns", "nan"),
        ("RetentionDays", "14"),
        ("KmsKeyArn", "alias/mine"),
    ],
)
def test_a_wrong_value_is_told_by_what_is_allowed(
    shipped: Parameters, name: str, value: str
) -> None:
    problem = shipped.problem(name, value)
    parameter = shipped.get(name)
    assert parameter is not None
    assert problem is not None
    assert parameter.allowed in problem


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NotifyEmail", "team@example.org"),
        ("Threshold", "0.85"),
        ("MaxRuns", "20"),
        ("MailDigestMinutes", "15"),
        ("OcrEngine", "textract"),
    ],
)
def test_a_right_value_has_no_problem(shipped: Parameters, name: str, value: str) -> None:
    assert shipped.problem(name, value) is None


def test_a_misspelt_name_is_told_with_the_one_meant(shipped: Parameters) -> None:
    assert "did you mean Threshold?" in (shipped.problem("Treshold", "0.8") or "")


def test_parameters_of_the_local_stack_are_not_asked_for(shipped: Parameters) -> None:
    assert not {"Local", "LocalApiHost", "LocalSignIn"} & {one.name for one in shipped.settable()}
    assert shipped.problem("Local", "true") is not None


def test_a_secret_is_known_by_no_echo() -> None:
    parameters = Parameters.of({"Parameters": {"Hook": {"Type": "String", "NoEcho": True}}})
    assert parameters.get("Hook") == Parameter(name="Hook", no_echo=True)


@pytest.mark.parametrize(
    ("value", "taken"), [("", False), ("abc", True), ("abcd", False), ("a\nb", True)]
)
def test_lengths_are_checked(value: str, taken: bool) -> None:
    parameter = Parameter(name="A", min_length=1, max_length=3)
    assert (parameter.problem(value) is None) is taken
