"""Calls the local AWS through AWS's own client: one JSON object a line in ({service, call, params}), one a line out.

Kept running, because importing boto3 takes longer than a hundred calls.
"""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

endpoint, region = sys.argv[1:3]
clients = {}


def client(service):
    if service not in clients:
        clients[service] = boto3.client(
            service,
            endpoint_url=endpoint,
            region_name=region,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
        )
    return clients[service]


def plain(value):
    """What JSON has no word for."""
    if hasattr(value, "read"):
        value = value.read()
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "replace")
    return str(value)


for line in sys.stdin:
    asked = json.loads(line)
    try:
        answer = getattr(client(asked["service"]), asked["call"])(**asked["params"])
        answer.pop("ResponseMetadata", None)
        out = {"answer": answer}
    except ClientError as error:
        out = {"code": error.response["Error"].get("Code", ""), "message": error.response["Error"].get("Message", "")}
    except (BotoCoreError, AttributeError, TypeError) as error:
        out = {"code": type(error).__name__, "message": str(error)}
    print(json.dumps(out, default=plain), flush=True)
