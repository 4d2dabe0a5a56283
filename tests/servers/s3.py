"""An S3-compatible server of the tests: moto's, in a process of its own, with its buckets in memory."""

import os
import sys
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import boto3

from tests.servers.process import KeptProcess, free_ports

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "tests",
    "AWS_SECRET_ACCESS_KEY": "tests",
    "AWS_DEFAULT_REGION": "eu-central-1",
}


class S3Server:
    """The server, and a client of its own to look into its buckets."""

    def __init__(self, folder: Path) -> None:
        [port] = free_ports(1)
        self.endpoint = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)]
        self._process = KeptProcess(
            command, folder=folder, name="s3", owner=os.getpid(), environment=CREDENTIALS
        )

    def start(self, bucket: str) -> None:
        """Start it, with one empty bucket."""
        self._process.start(self._answers)
        self.client = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=CREDENTIALS["AWS_DEFAULT_REGION"],
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        )
        self.make_bucket(bucket)

    def make_bucket(self, bucket: str) -> None:
        """An empty bucket."""
        where = {"LocationConstraint": CREDENTIALS["AWS_DEFAULT_REGION"]}
        self.client.create_bucket(Bucket=bucket, CreateBucketConfiguration=where)

    def stop(self) -> None:
        self._process.stop()

    def _answers(self) -> bool:
        try:
            with urlopen(f"{self.endpoint}/moto-api/", timeout=2) as answer:
                return answer.status == 200
        except (URLError, OSError):
            return False
