"""A storage of its own for each test, and an S3 store for those who ask for one."""

import os
import subprocess
import sys
import time

import boto3
import pytest

from jobly.embedded.instance import HOST, is_listening
from tests.real.fixtures import ground, world  # noqa: F401 - fixtures
from tests.real.world import free_port

AWS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"}


@pytest.fixture(autouse=True)
def storage(settings, tmp_path):
    """The folder that artifacts lie in; it is made when the first one is stored."""
    folder = tmp_path / "storage"
    settings.STATIC_ROOT = tmp_path  # the web server warns where nothing was collected
    settings.STORAGE_URL = f"file://{folder}"
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "jobly.artifacts.clients.files.DurableFiles",
            "OPTIONS": {"location": str(folder)},
        },
    }
    return folder


@pytest.fixture(scope="session")
def s3_endpoint():
    """The address of an S3 store that forgets everything when it ends."""
    port = free_port()
    program = [sys.executable, "-m", "moto.server", "-H", HOST, "-p", str(port)]
    env = os.environ | AWS
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(program, env=env, **quiet) as server:
        deadline = time.monotonic() + 60
        while not is_listening(port):
            assert server.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield f"http://{HOST}:{port}"
        server.kill()


@pytest.fixture
def s3(s3_endpoint):
    """A client of the store with an empty bucket called `bucket`."""
    client = boto3.client(
        "s3",
        endpoint_url=s3_endpoint,
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        region_name="us-east-1",
    )
    client.create_bucket(Bucket="bucket")
    yield client
    for page in client.get_paginator("list_objects_v2").paginate(Bucket="bucket"):
        if there := [{"Key": found["Key"]} for found in page.get("Contents", ())]:
            client.delete_objects(Bucket="bucket", Delete={"Objects": there})
    for upload in client.list_multipart_uploads(Bucket="bucket").get("Uploads", ()):
        client.abort_multipart_upload(
            Bucket="bucket", Key=upload["Key"], UploadId=upload["UploadId"]
        )
    client.delete_bucket(Bucket="bucket")
    client.close()


@pytest.fixture
def s3_url(s3, s3_endpoint):
    """The address of a place in the bucket."""
    return f"s3://key:secret@bucket/pre/fix?endpoint={s3_endpoint}&region=us-east-1"
