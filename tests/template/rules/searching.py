"""What there is only with SearchWithAthena: the table of the index's files, and who reads them."""

from typing import Any

from tests.template.rules.files import KEY
from tests.template.rules.shape import given, ref, sub, text
from tests.template.rules.stack import Stack
from winnow.search.files import PREFIX
from winnow_search.athena import TABLE
from winnow_search.parquet import COLUMNS

TYPES = {
    "VARCHAR": "string",
    "INTEGER": "int",
    "DOUBLE": "double",
    "BOOLEAN": "boolean",
    "BLOB": "binary",
}
"""A column's type in Athena, by its type in DuckDB."""
PARQUET = "org.apache.hadoop.hive.ql.io.parquet"


def _made(kind: str, **properties: Any) -> Any:
    return {"Type": kind, "Condition": "HasAthena", "Properties": properties}


def database(name: str, stack: Stack) -> Any:
    """Its name is the stack's, with underscores: Athena takes no hyphens."""
    named = {"Fn::Join": ["_", {"Fn::Split": ["-", sub("${AWS::StackName}-search")]}]}
    return _made(
        "AWS::Glue::Database",
        CatalogId=ref("AWS::AccountId"),
        DatabaseInput={"Name": named, "Description": text(10)},
    )


def table(name: str, stack: Stack) -> Any:
    """The columns of the files; the process is the folder's, which is the column's, too."""
    columns = {**COLUMNS, "generation": "VARCHAR"}
    return _made(
        "AWS::Glue::Table",
        CatalogId=ref("AWS::AccountId"),
        DatabaseName=ref("SearchDatabase"),
        TableInput={
            "Name": TABLE,
            "Description": text(10),
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {
                "classification": "parquet",
                "projection.enabled": "true",
                "projection.process.type": "injected",
                "projection.month.type": "date",
                "projection.month.format": "yyyy-MM",
                # Results whose time is not known are of 1970.
                "projection.month.range": "1970-01,NOW",
                "projection.month.interval": "1",
                "projection.month.interval.unit": "MONTHS",
                "storage.location.template": sub(
                    f"s3://${{ResultsBucket}}/{PREFIX}process=${{!process}}/month=${{!month}}/"
                ),
            },
            "PartitionKeys": [
                {"Name": "process", "Type": "string"},
                {"Name": "month", "Type": "string"},
            ],
            "StorageDescriptor": {
                "Location": sub(f"s3://${{ResultsBucket}}/{PREFIX}"),
                "InputFormat": f"{PARQUET}.MapredParquetInputFormat",
                "OutputFormat": f"{PARQUET}.MapredParquetOutputFormat",
                "SerdeInfo": {"SerializationLibrary": f"{PARQUET}.serde.ParquetHiveSerDe"},
                "Columns": [
                    {"Name": column, "Type": TYPES[kind]}
                    for column, kind in columns.items()
                    if column != "process"
                ],
            },
        },
    )


def workgroup(name: str, stack: Stack) -> Any:
    """Nobody who asks changes where results are, how they are encrypted, and what a query costs."""
    return _made(
        "AWS::Athena::WorkGroup",
        Name=sub("${AWS::StackName}-search"),
        Description=text(10),
        RecursiveDeleteOption=True,
        WorkGroupConfiguration={
            "EnforceWorkGroupConfiguration": True,
            "EngineVersion": {"SelectedEngineVersion": "Athena engine version 3"},
            "BytesScannedCutoffPerQuery": 20_000_000_000,
            "PublishCloudWatchMetricsEnabled": True,
            "ResultConfiguration": {
                # Below what expires after a day, and is erased with a person.
                "OutputLocation": sub("s3://${ResultsBucket}/exports/queries/"),
                "ExpectedBucketOwner": ref("AWS::AccountId"),
                "EncryptionConfiguration": given(
                    "HasKmsKey",
                    {"EncryptionOption": "SSE_KMS", "KmsKey": KEY},
                    {"EncryptionOption": "SSE_S3"},
                ),
            },
        },
    )


RULES = {
    "AWS::Glue::Database": database,
    "AWS::Glue::Table": table,
    "AWS::Athena::WorkGroup": workgroup,
}
INVENTORY = {
    "AWS::Glue::Database": {"SearchDatabase"},
    "AWS::Glue::Table": {"SearchTable"},
    "AWS::Athena::WorkGroup": {"SearchWorkGroup"},
}
