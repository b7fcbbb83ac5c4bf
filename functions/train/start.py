"""Start of the train image: one training in a job of AWS Batch, else Lambda's runtime."""

import os
import sys
from importlib import import_module

if "AWS_BATCH_JOB_ID" in os.environ:
    import_module("app").job()
else:
    os.execv("/lambda-entrypoint.sh", ["/lambda-entrypoint.sh", *sys.argv[1:]])  # noqa: S606
