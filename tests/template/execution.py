"""What CloudFormation calls to make, change and delete the template's resources.

AWS publishes it with the schema of each type of resource; cfn-lint carries the schemas.
"""

import json
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import cfnlint

from tests.template.expand import REGION, expand

SCHEMAS = Path(cfnlint.__file__).parent / "data" / "schemas"

LEFT_OUT: tuple[tuple[str, str], ...] = (
    # What only reads is left out of services alone that the template does not use.
    ("cloudfront:*", "no domain of one's own"),
    ("billing:GetBillingViewData", "the budget counts the account, by no view of its own"),
    ("codedeploy:*", "no alias of a function is moved by CodeDeploy"),
    # The nested stack for large trainings is off by default.
    *(
        (f"cloudformation:{action}", "ExecutionTraining has what TrainOnBatch takes")
        for action in (
            *("CreateStack", "DeleteStack", "DescribeStacks", "GetStackPolicy", "GetTemplate"),
            *("SetStackPolicy", "UpdateStack", "UpdateTerminationProtection"),
        )
    ),
    ("ec2:*", "no function is in a VPC"),
    ("elasticfilesystem:*", "no function mounts a file system"),
    ("s3files:*", "no function mounts a file system"),
    ("kinesis:*", "the stream that is read is DynamoDB's"),
    ("firehose:*", "logs go nowhere else"),
    ("s3tables:*", "no bucket has tables of metadata"),
    ("dynamodb:*Replica", "no table is in several regions"),
    ("dynamodb:*ableKinesisStreamingDestination", "no table streams to Kinesis"),
    ("dynamodb:UpdateKinesisStreamingDestination", "no table streams to Kinesis"),
    ("dynamodb:PutResourcePolicy", "no table has a policy of its own"),
    ("dynamodb:DeleteResourcePolicy", "no table has a policy of its own"),
    ("dynamodb:UpdateContributorInsights", "no table has it on"),
    ("dynamodb:*Import*", "no table is imported"),
    ("dynamodb:*Item", "only a table of several regions or an import has it read or write rows"),
    ("dynamodb:Query", "as above"),
    ("dynamodb:Scan", "as above"),
    ("iam:*tachRolePolicy", "roles have their own policies, none of AWS's"),
    ("iam:*RolePermissionsBoundary", "no role has a boundary"),
    ("iam:CreateServiceLinkedRole", "Cognito mails from its own address; no table scales itself"),
    ("kms:ListAliases", "a key is named by its ARN"),
    ("kms:DisableKey", "no key is switched off"),
    ("kms:EnableKey", "no key is switched off"),
    ("lambda:PutFunctionCodeSigningConfig", "images are not signed by Lambda"),
    ("lambda:DeleteFunctionCodeSigningConfig", "images are not signed by Lambda"),
    ("lambda:PutProvisionedConcurrencyConfig", "no alias has provisioned concurrency"),
    ("lambda:DeleteProvisionedConcurrencyConfig", "no alias has provisioned concurrency"),
    ("lambda:PutRuntimeManagementConfig", "images bring their runtime"),
    ("lambda:AssociateRuntimeAlias", "images bring their runtime"),
    ("lambda:PassCapacityProvider", "no function runs on instances"),
    ("lambda:PutFunctionScalingConfig", "no function runs on instances"),
    ("lambda:PutFunctionRecursionConfig", "as Lambda has it"),
    ("lambda:GetLayerVersion", "images have no layers"),
    ("logs:PutDataProtectionPolicy", "logs hold no text to be masked"),
    ("logs:DeleteDataProtectionPolicy", "logs hold no text to be masked"),
    ("logs:PutIndexPolicy", "no fields are indexed"),
    ("logs:DeleteIndexPolicy", "no fields are indexed"),
    ("logs:PutBearerTokenAuthentication", "logs come from functions"),
    ("logs:PutLogGroupDeletionProtection", "a stack deletes its own logs"),
    ("logs:CreateLogStream", "only an import of a table writes logs"),
    ("logs:PutLogEvents", "as above"),
    ("logs:DeleteResourcePolicy", "the workflow's own policy of logs is kept"),
    ("s3:PutBucketAbac", "buckets have no access by tags"),
    ("s3:PutBucketWebsite", "no bucket is a website"),
    ("s3:DeleteBucketWebsite", "no bucket is a website"),
    ("s3:CreateBucketMetadata*", "no bucket has tables of metadata"),
    ("s3:UpdateBucketMetadata*", "no bucket has tables of metadata"),
    ("s3:DeleteBucketMetadata*", "no bucket has tables of metadata"),
    ("s3:PutAnalytics*", "no bucket has analytics"),
    ("s3:DeleteBucketAnalytics*", "no bucket has analytics"),
    ("s3:Put*Metrics*", "no bucket has metrics of requests"),
    ("s3:DeleteBucketMetrics*", "no bucket has metrics of requests"),
    ("s3:PutIntelligentTiering*", "objects stay in their class"),
    ("s3:PutInventory*", "no bucket has an inventory"),
    ("s3:PutAccelerate*", "no bucket is accelerated"),
    ("s3:PutBucketReplication", "no bucket is copied"),
    ("s3:PutReplication*", "no bucket is copied"),
    ("s3:Put*ObjectLock*", "no object is locked"),
    ("s3:PutObjectAcl", "access lists are off"),
    ("s3:DeleteObject", "files are deleted by people, never with the stack"),
    ("s3:REST.PUT.OBJECT", "no action of IAM"),
    ("s3:GetObjectMetadata", "no action of IAM"),
    ("s3:getObject", "written GetObject in IAM"),
    ("s3:DeleteBucketCors", "IAM asks for PutBucketCORS"),
    ("s3:DeleteBucketEncryption", "IAM asks for PutEncryptionConfiguration"),
    ("s3:DeleteBucketLifecycle", "IAM asks for PutLifecycleConfiguration"),
    ("s3:DeleteBucketReplication", "no bucket is copied"),
    ("secretsmanager:GetRandomPassword", "no value is made up"),
    ("secretsmanager:GetSecretValue", "no value is read back"),
    ("secretsmanager:*Repli*", "no secret is in several regions"),
    ("sns:PutDataProtectionPolicy", "e-mails hold no text to be masked"),
    ("glue:*Connection", "no catalog of elsewhere is read"),
    ("glue:GetSchemaVersion", "the table names its columns"),
    ("lakeformation:*", "who may read the index is said by IAM alone"),
    ("s3:AbortMultipartUpload", "who asks writes the results of queries"),
    ("s3:GetBucketLocation", "as above"),
    ("s3:ListBucketMultipartUploads", "as above"),
    ("s3:ListMultipartUploadParts", "as above"),
    ("s3:PutObject", "as above"),
    ("cognito-idp:AddCustomAttributes", "users have no attributes of ours"),
    ("cognito-idp:ListUserPoolClientSecrets", "each client has one secret"),
    ("apigateway:*agResource", "tags of APIs are changed by PUT, POST and DELETE"),
)
"""Action that a schema names and the template does not need, and why."""

TRAINING_LEFT_OUT: tuple[tuple[str, str], ...] = (
    ("cloudformation:*StackPolicy", "no stack has a policy"),
    ("cloudformation:GetTemplate", "nobody reads it back"),
    ("cloudformation:UpdateTerminationProtection", "it is the stack's that it is a part of"),
    ("batch:SetCapacityTags", "machines have no tags of their own"),
    ("eks:*", "jobs run on Fargate"),
    ("ec2:*SubnetCidrBlock", "subnets keep their addresses"),
    ("ec2:CreateVpcEncryptionControl", "as AWS has it"),
    ("ec2:ModifyVpcTenancy", "as AWS has it"),
    ("ec2:?ttachVpnGateway", "no private line"),
    ("ec2:DetachVpnGateway", "no private line"),
    ("vpc-lattice:*", "endpoints are S3's and DynamoDB's"),
    ("vpce:*", "endpoints are of one region"),
)
"""The same for infra/training.yaml."""
BEYOND: dict[str, str] = {
    "cloudformation:CreateChangeSet": "SAM's resources are expanded by a macro of AWS",
    "ecr:BatchGetImage": "Lambda takes the images with the permissions of who names them",
    "ecr:GetDownloadUrlForLayer": "as above",
    "ecr:GetRepositoryPolicy": "as above",
    "ecr:SetRepositoryPolicy": "Lambda lets itself in to a repository",
    "lambda:InvokeFunction": "the function that publishes the shipped processes is called",
    "logs:DeleteLogDelivery": "the workflow's logs",
    "logs:GetLogDelivery": "the workflow's logs",
    "logs:ListLogDeliveries": "the workflow's logs",
    "logs:UpdateLogDelivery": "the workflow's logs",
}
"""Action of the execution role that no schema names, and why it has it."""
WRITE = ("create", "read", "update", "delete")


def types(template: dict[str, Any] | None = None) -> list[str]:
    """The types of resources of the expanded template."""
    resources = (expand() if template is None else template)["Resources"].values()
    return sorted({str(one["Type"]) for one in resources})


def named(kind: str) -> set[str]:
    """The actions that the schema of a type names."""
    if kind.startswith("Custom::"):
        return set()
    names = json.loads((SCHEMAS / "providers" / f"{REGION}.json").read_text("utf-8"))
    schema = json.loads((SCHEMAS / "resources" / f"{names[kind]}.json").read_text("utf-8"))
    return {
        action
        for name, handler in schema.get("handlers", {}).items()
        if name in WRITE
        for action in handler["permissions"]
    }


def needed(kind: str) -> set[str]:
    """The same without those that the template does not need."""
    return {one for one in named(kind) if not any(fnmatchcase(one, out) for out, _ in LEFT_OUT)}
