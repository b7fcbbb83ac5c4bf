"""An image keeps the descriptions of the AWS services that are called from it."""

import re
from pathlib import Path

from functions.prepare import KEEP

ROOT = Path(__file__).parents[3]


def test_every_service_that_a_function_calls_is_described_in_its_image():
    code = [*ROOT.glob("functions/*/*.py"), *ROOT.glob("layers/*/python/**/*.py")]
    called = {
        service
        for file in code
        for service in re.findall(r'client\(\s*"([a-z0-9-]+)"', file.read_text("utf-8"))
    }
    called |= {"s3", "dynamodb"}  # as a loop of the api function names them
    assert called == set(KEEP["botocore/data"])
