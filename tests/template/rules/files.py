"""Every bucket, every bucket's policy, and the table."""

from typing import Any

from tests.template.rules.shape import (
    AnyOrder,
    Keyed,
    any_order,
    att,
    given,
    ref,
    skips,
    sub,
    where_it_holds,
)
from tests.template.rules.stack import Stack

KEY = ref("KmsKeyArn")
KEPT = {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}
TLS_ONLY = {"Bool": {"aws:SecureTransport": "false"}}
NO_OLD_TLS = {"NumericLessThan": {"s3:TlsVersion": "1.2"}}
THIS_ACCOUNT = {"StringEquals": {"aws:SourceAccount": ref("AWS::AccountId")}}
SSE = "s3:x-amz-server-side-encryption"
SSE_KEY = f"{SSE}-aws-kms-key-id"
SSE_C = f"{SSE}-customer-algorithm"

PRIVATE = dict.fromkeys(
    ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
)
AES = {"SSEAlgorithm": "AES256"}
# A rule of a lifecycle has nothing but what is here: a prefix or a tag more would narrow it.
EXPIRE_OLD = {
    "Id": "expire-old-versions",
    "Status": "Enabled",
    "NoncurrentVersionExpiration": {"NoncurrentDays": ref("RetentionDays")},
    "ExpiredObjectDeleteMarker": True,
}
ABORT = {
    "Id": "abort-unfinished-uploads",
    "Status": "Enabled",
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
}
EXPIRE_RUNS = {
    "Id": "expire-runs",
    "Status": "Enabled",
    "Prefix": "runs/",
    "ExpirationInDays": 7,
    "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
}
# What a second stack makes while it judges beside this one.
EXPIRE_SHADOW = {**EXPIRE_RUNS, "Id": "expire-shadow", "Prefix": "shadow/"}
EXPIRE_STATES = {
    "Id": "expire-old-sweep-state",
    "Status": "Enabled",
    "Prefix": "sweep/",
    "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
}

# Exception: the bucket that the others' access logs lie in.
LOGS = "AccessLogs"
REVIEWS = "ReviewsTable"
MODELS = "ModelsTable"
# No version of an object expires: items of the table name them.
MODELS_BUCKET = "ModelsBucket"
EXPIRE_LOGS = {
    "Id": "expire-logs",
    "Status": "Enabled",
    "ExpirationInDays": ref("LogRetentionDays"),
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
}
# What one bucket has and the others do not.
LIFECYCLES: dict[str, dict[str, Any]] = {
    "UploadsBucket": {
        "expire-uploads": given(
            "HasUploadExpiration",
            {
                "Id": "expire-uploads",
                "Status": "Enabled",
                "ExpirationInDays": ref("UploadExpirationDays"),
            },
        )
    },
    "ResultsBucket": {
        "expire-runs": EXPIRE_RUNS,
        "expire-shadow": EXPIRE_SHADOW,
        "expire-old-sweep-state": EXPIRE_STATES,
        # The current one is kept: dispatch counts by it.
        "expire-old-dispatch-state": {
            "Id": "expire-old-dispatch-state",
            "Status": "Enabled",
            "Prefix": "dispatch/",
            "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
        },
        # What is in the index no more must be nowhere soon.
        "expire-old-index": {
            "Id": "expire-old-index",
            "Status": "Enabled",
            "Prefix": "index/",
            "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
        },
        # Whether there is a review page or not: what was typed there expires after it, too.
        "expire-predictions": {
            "Id": "expire-predictions",
            "Status": "Enabled",
            "Prefix": "predictions/",
            "ExpirationInDays": ref("RetentionDays"),
            "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
        },
        "expire-drafts": {
            "Id": "expire-drafts",
            "Status": "Enabled",
            "Prefix": "drafts/",
            "ExpirationInDays": 7,
            "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
        },
        "expire-exports": {
            "Id": "expire-exports",
            "Status": "Enabled",
            "Prefix": "exports/",
            "ExpirationInDays": 1,
            "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
        },
        "expire-searches": {
            "Id": "expire-searches",
            "Status": "Enabled",
            "Prefix": "searches/",
            "ExpirationInDays": given("HasResultExpiration", ref("ResultExpirationDays")),
            "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
        },
        "expire-notes": given(
            "HasResultExpiration",
            {
                "Id": "expire-notes",
                "Status": "Enabled",
                "Prefix": "notes/",
                "ExpirationInDays": ref("ResultExpirationDays"),
            },
        ),
        "expire-results": given(
            "HasResultExpiration",
            {
                "Id": "expire-results",
                "Status": "Enabled",
                "Prefix": "results/",
                "ExpirationInDays": ref("ResultExpirationDays"),
            },
        ),
    },
}
_TO_EVENTBRIDGE = {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
NOTIFICATIONS: dict[str, Any] = {
    "UploadsBucket": _TO_EVENTBRIDGE,
    # For the index; no rule starts a run of what is written there.
    "ResultsBucket": given("HasReviewPage", _TO_EVENTBRIDGE),
}


def bucket(name: str, stack: Stack) -> Any:
    """Private, kept with the stack; and but for the log: encrypted, versioned and logged."""
    properties: dict[str, Any] = {
        "PublicAccessBlockConfiguration": PRIVATE,
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
    }
    if name == LOGS:
        # S3 writes logs with its own keys only, and every log once.
        metadata = skips("CKV_AWS_18", "CKV_AWS_21", "CKV_AWS_145", "CKV_AWS_144")
        properties |= {
            "BucketEncryption": _encryption({"ServerSideEncryptionByDefault": AES}),
            "LifecycleConfiguration": {"Rules": [EXPIRE_LOGS]},
        }
    else:
        metadata = skips("CKV_AWS_145", "CKV_AWS_144")
        own = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}
        lifecycle: dict[str, Any] = {
            str(rule["Id"]): rule
            for rule in ((ABORT,) if name == MODELS_BUCKET else (EXPIRE_OLD, ABORT))
        } | LIFECYCLES.get(name, {})
        properties |= {
            "BucketEncryption": _encryption(
                {
                    "ServerSideEncryptionByDefault": given("HasKmsKey", own, AES),
                    "BucketKeyEnabled": given("HasKmsKey", True),
                }
            ),
            "LoggingConfiguration": {
                "DestinationBucketName": ref(LOGS),
                "LogFilePrefix": f"{name.removesuffix('Bucket').lower()}/",
            },
            "VersioningConfiguration": {"Status": "Enabled"},
            "LifecycleConfiguration": {"Rules": Keyed("Id", lifecycle, where_it_holds)},
        }
    if name in NOTIFICATIONS:
        properties["NotificationConfiguration"] = NOTIFICATIONS[name]
    if name == "UploadsBucket":
        # A page sends a form to it: the review page and no other.
        origin = given(
            "IsLocal",
            sub("http://${Api}.${LocalApiHost}"),
            sub("https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}"),
        )
        rule = {"AllowedMethods": ["POST"], "AllowedOrigins": [origin], "MaxAge": 300}
        properties["CorsConfiguration"] = given("HasReviewPage", {"CorsRules": [rule]})
    return {"Type": "AWS::S3::Bucket", **KEPT, "Metadata": metadata, "Properties": properties}


def _encryption(rule: Any) -> Any:
    return {"ServerSideEncryptionConfiguration": [rule]}


def _deny(bucket_: str, sid: str, action: str, condition: Any) -> Any:
    everything = sub(f"${{{bucket_}.Arn}}/*")
    return {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": everything
        if action == "s3:PutObject"
        else AnyOrder([att(bucket_), everything]),
        "Condition": condition,
    }


# What names no encryption gets the bucket's own; what names another is refused.
ENCRYPTIONS = {
    "DenyOtherEncryption": {"Null": {SSE: "false"}, "StringNotEquals": {SSE: "aws:kms"}},
    "DenyOtherKey": {"Null": {SSE_KEY: "false"}, "StringNotEquals": {SSE_KEY: KEY}},
    "DenyAwsManagedKey": {"StringEquals": {SSE: "aws:kms"}, "Null": {SSE_KEY: "true"}},
    "DenySenderKey": {"Null": {SSE_C: "false"}},
}


def bucket_policy(name: str, stack: Stack) -> Any:
    """TLS only; and but for the log, no other key than a customer's where one is given."""
    bucket_ = name.removesuffix("Policy")
    statements = {
        "TlsOnly": _deny(bucket_, "TlsOnly", "s3:*", TLS_ONLY),
        "DenyOldTls": _deny(bucket_, "DenyOldTls", "s3:*", NO_OLD_TLS),
    }
    if bucket_ == LOGS:
        # The local stack has no TLS, and its log is written all the same.
        statements = {sid: given("HasTls", one) for sid, one in statements.items()}
        statements["AllowAccessLogs"] = {
            "Sid": "AllowAccessLogs",
            "Effect": "Allow",
            "Principal": {"Service": "logging.s3.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": sub(f"${{{LOGS}.Arn}}/*"),
            "Condition": {
                "ArnEquals": {
                    "aws:SourceArn": any_order([att(one) for one in logged(stack)]),
                },
                **THIS_ACCOUNT,
            },
        }
    else:
        for sid, condition in ENCRYPTIONS.items():
            statements[sid] = given("HasKmsKey", _deny(bucket_, sid, "s3:PutObject", condition))
    if bucket_ == "UploadsBucket":
        # What lies there starts no run, and no sweep lists it.
        statements["DenyBesideInbox"] = {
            "Sid": "DenyBesideInbox",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:PutObject",
            "NotResource": sub("${UploadsBucket.Arn}/inbox/*"),
        }
    return {
        "Type": "AWS::S3::BucketPolicy",
        **({} if bucket_ == LOGS else {"Condition": "HasTls"}),
        "Properties": {"Bucket": ref(bucket_), "PolicyDocument": policy(statements)},
    }


def policy(statements: dict[str, Any]) -> Any:
    return {"Version": "2012-10-17", "Statement": Keyed("Sid", statements, where_it_holds)}


def logged(stack: Stack) -> list[str]:
    """The buckets whose use is logged: every one but the log's own."""
    return [name for name in stack.of_type("AWS::S3::Bucket") if name != LOGS]


# Index -> its keys, and the attributes that are in it.
INDEXES = {
    "by_object": (("object_key", "claimed_at"), "ALL"),
    "by_lease": (("state", "lease_until"), "KEYS_ONLY"),
    "by_claim": (("state", "claimed_at"), "ALL"),
}
INDEXES_OF_REVIEWS = {
    "queue": (("queue", "rank"), "ALL"),
    "by_decision": (("decided_process", "decided_key"), "ALL"),
}
WITH_THE_PAGE = {"by_claim"}
# Every other key is text.
NUMBERS = {"lease_until"}


# Table -> its keys, and its indexes.
KEYS: dict[str, tuple[tuple[str, ...], dict[str, tuple[tuple[str, str], str]]]] = {
    "Table": (("upload_id",), INDEXES),
    REVIEWS: (("pk", "sk"), INDEXES_OF_REVIEWS),
    MODELS: (("pk", "sk"), {}),
}


def table(name: str, stack: Stack) -> Any:
    """Rows by upload id, kept with the stack, encrypted, backed up, expiring; but for models."""
    own, indexes = KEYS[name]
    keys = dict.fromkeys(key for index, _ in indexes.values() for key in index)
    # The new image names the record; the old one would be read by nobody.
    streams = {"StreamSpecification": {"StreamViewType": "NEW_IMAGE"}} if name == REVIEWS else {}
    passing = {
        "GlobalSecondaryIndexes": Keyed(
            "IndexName",
            {
                index: _where(index, _index(index, of_it, projected))
                for index, (of_it, projected) in indexes.items()
            },
            where_it_holds,
        ),
        "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": True},
    }
    if name == MODELS:
        # Read whole, and for ever.
        passing = {}
    return {
        "Type": "AWS::DynamoDB::Table",
        **KEPT,
        "Metadata": skips("CKV_AWS_119"),
        "Properties": {
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": AnyOrder(
                [
                    {"AttributeName": key, "AttributeType": "N" if key in NUMBERS else "S"}
                    for key in (*own, *keys)
                ]
            ),
            "KeySchema": _keys(*own),
            **streams,
            **passing,
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            "SSESpecification": given(
                "HasKmsKey",
                {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": KEY},
                {"SSEEnabled": True},
            ),
        },
    }


def _where(index: str, wanted: Any) -> Any:
    return given("HasReviewPage", wanted) if index in WITH_THE_PAGE else wanted


def _index(name: str, keys: tuple[str, ...], projected: str) -> Any:
    return {
        "IndexName": name,
        "KeySchema": _keys(*keys),
        "Projection": {"ProjectionType": projected},
    }


def _keys(*names: str) -> Any:
    kinds = ("HASH", "RANGE")[: len(names)]
    return [
        {"AttributeName": name, "KeyType": kind} for name, kind in zip(names, kinds, strict=True)
    ]


RULES = {
    "AWS::S3::Bucket": bucket,
    "AWS::S3::BucketPolicy": bucket_policy,
    "AWS::DynamoDB::Table": table,
}
