"""Botocore's descriptions in an image: quicker to read, and clients made of them are the same."""

import gzip
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore
import pytest
from botocore.loaders import Loader
from botocore.session import Session

from functions.prepare import KEEP, lighten

DATA = Path(botocore.__file__).parent / "data"
SERVICES = KEEP["botocore/data"]
REGIONS = ("us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1", "eusc-de-east-1")


@pytest.fixture(scope="module")
def lightened(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("botocore") / "data"
    data.mkdir()
    for path in DATA.iterdir():
        if path.is_file():
            shutil.copy(path, data)
        elif path.name in SERVICES:
            shutil.copytree(path, data / path.name)
    lighten(data)
    return data


def session(data: Path) -> Session:
    made = Session()
    made.set_credentials("key", "secret")
    loader = Loader(extra_search_paths=[str(data)], include_default_search_paths=False)
    made.register_component("data_loader", loader)
    return made


def texts(described: Any) -> Iterator[str]:
    if isinstance(described, dict):
        for name, value in described.items():
            if name == "documentation" and isinstance(value, str):
                yield value
            else:
                yield from texts(value)
    elif isinstance(described, list):
        for one in described:
            yield from texts(one)


def without_texts(described: Any) -> Any:
    if isinstance(described, dict):
        return {
            name: without_texts(value)
            for name, value in described.items()
            if not (name == "documentation" and isinstance(value, str))
        }
    return [without_texts(one) for one in described] if isinstance(described, list) else described


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_described_as_before_but_for_texts(lightened: Path, service: str) -> None:
    for path in DATA.glob(f"{service}/*/*.json.gz"):
        before = json.loads(gzip.decompress(path.read_bytes()))
        now = json.loads((lightened / path.relative_to(DATA)).with_suffix("").read_bytes())
        assert not any(texts(now))
        # As text: the order is kept, too.
        assert json.dumps(without_texts(before)) == json.dumps(without_texts(now))


@pytest.mark.filterwarnings("ignore:Fetching the endpoint_resolver")
def test_clients_call_the_same_endpoints(lightened: Path) -> None:
    before, now = (
        {
            (service, region): one.create_client(service, region_name=region).meta.endpoint_url
            for service in SERVICES
            for region in REGIONS
        }
        | {region: sts_of(one, region) for region in REGIONS}
        for one in (session(DATA), session(lightened))
    )
    assert before == now


def sts_of(one: Session, region: str) -> str:
    """What exchanges a role for credentials in the region."""
    name: str = one.get_component("endpoint_resolver").construct_endpoint("sts", region)["hostname"]
    return name


def test_nothing_that_a_client_reads_is_packed(lightened: Path) -> None:
    assert not list(lightened.rglob("*.gz"))
    assert (lightened / "endpoints.json").stat().st_size < 100_000


def test_other_descriptions_than_expected_stop_the_build(tmp_path: Path) -> None:
    (tmp_path / "endpoints.json").write_text('{"partitions": [{"services": {"s3": {}}}]}', "utf-8")
    with pytest.raises(SystemExit, match="other descriptions"):
        lighten(tmp_path)
