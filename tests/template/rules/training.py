"""The nested stack for trainings that are too large for a function."""

from typing import Any

from tests.template.rules.mail import GONE
from tests.template.rules.review import page
from tests.template.rules.shape import att, ref
from tests.template.rules.stack import Stack


def nested(name: str, stack: Stack) -> Any:
    """It is told what the train function is told: the same code runs there, with the same role."""
    there = page()["Fn::If"][2]
    return {
        "Type": "AWS::CloudFormation::Stack",
        **GONE,
        "Condition": "HasTrainOnBatch",
        "Properties": {
            "TemplateURL": "infra/training.yaml",
            "Parameters": {
                "Name": ref("AWS::StackName"),
                "FunctionArn": att("TrainFunction"),
                "FunctionVersion": ref("TrainFunction.Version"),
                "RoleArn": att("TrainRole"),
                "LogGroup": ref("TrainLogs"),
                **{
                    one: ref(one)
                    for one in ("ResultsBucket", "ReviewsTable", "ModelsBucket", "ModelsTable")
                },
                "TopicArn": ref("Topic"),
                "PageUrl": there,
                "KmsKeyArn": ref("KmsKeyArn"),
                "Notebook": ref("TrainNotebook"),
                "Architecture": ref("Architecture"),
            },
        },
    }


RULES = {"AWS::CloudFormation::Stack": nested}
