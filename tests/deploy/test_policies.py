"""What a collector's and the Airflow machine's role may do, asked of moto's evaluation of the policies."""

import ast
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from cfnlint.decode.cfn_yaml import load as decode_yaml
from moto import mock_aws
from moto.core import set_initial_no_auth_action_count

from tests.deploy.test_aws import AWS, STACKS, _created, _properties
from tidemark.archive.names import probe_name

BUCKET = "tidemark-archive-123456789012-us-east-1"
HOUR = "date=2026-11-22/hour=15"


@pytest.fixture(scope="module")
def acting_as() -> Iterator[Callable[[str, str], Any]]:
    """Create the stacks, then give clients that act in a stack's role, with every call judged by its policies."""
    with mock_aws(), pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        with pytest.warns(UserWarning, match="not supported by moto"):
            outputs = {stack: _created(stack, template, values) for stack, template, values in STACKS}
        keys = {stack: _keys(outputs[stack]["Role"]) for stack in ("collector-a", "collector-b", "airflow")}
        yield lambda stack, service: boto3.client(service, **keys[stack])


def _keys(role: str) -> dict[str, str]:
    # moto's evaluation stumbles over managed policies and over inline ones that came as objects or their print
    iam, name = boto3.client("iam"), role.rpartition("/")[2]
    for managed in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        assert managed["PolicyName"] == "AmazonSSMManagedInstanceCore"
        iam.detach_role_policy(RoleName=name, PolicyArn=managed["PolicyArn"])
    for inline in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        found: Any = iam.get_role_policy(RoleName=name, PolicyName=inline)["PolicyDocument"]
        document = ast.literal_eval(found) if isinstance(found, str) else found
        # moto makes no secrets from templates, so a reference to one is empty; that statement is looked at below
        document["Statement"] = [one for one in document["Statement"] if "secretsmanager" not in str(one["Action"])]
        iam.put_role_policy(RoleName=name, PolicyName=inline, PolicyDocument=json.dumps(document))
    keys = boto3.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    return {
        "aws_access_key_id": keys["AccessKeyId"],
        "aws_secret_access_key": keys["SecretAccessKey"],
        "aws_session_token": keys["SessionToken"],
    }


@set_initial_no_auth_action_count(0)
def _allowed(call: Callable[..., Any], **arguments: Any) -> bool:
    """Make the call with every policy judged, and say whether it was let through."""
    try:
        call(Bucket=BUCKET, **arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] in {"AccessDenied", "403"}:
            return False
        raise
    return True


def _keys_of(collector: str) -> tuple[str, str]:
    return (
        f"events/{HOUR}/collector={collector}/20261122T15.0001.jsonl.zst",
        f"manifests/{HOUR}/collector={collector}.json",
    )


@pytest.mark.parametrize(("mine", "other"), [("collector-a", "collector-b"), ("collector-b", "collector-a")])
def test_a_collector_puts_and_reads_back_its_own_hours_and_no_others(
    acting_as: Callable[[str, str], Any], mine: str, other: str
) -> None:
    s3 = acting_as(mine, "s3")
    for key in _keys_of(mine):
        assert _allowed(s3.put_object, Key=key, Body=b"x")
        assert _allowed(s3.head_object, Key=key)
    for key in (*_keys_of(other), *_keys_of("events-api-1"), "software/tidemark.tar.gz"):
        assert not _allowed(s3.put_object, Key=key, Body=b"x")


def test_a_collector_may_prove_that_the_bucket_puts_once(acting_as: Callable[[str, str], Any]) -> None:
    s3 = acting_as("collector-a", "s3")
    key = f"probe/{probe_name('collector-a')}"
    for call, arguments in ((s3.put_object, {"Body": b"x"}), (s3.head_object, {}), (s3.delete_object, {})):
        assert _allowed(call, Key=key, **arguments)
    assert not _allowed(s3.put_object, Key=f"probe/{probe_name('collector-b')}", Body=b"x")


def test_a_collector_deletes_nothing_lists_nothing_and_changes_no_setting(
    acting_as: Callable[[str, str], Any],
) -> None:
    s3 = acting_as("collector-a", "s3")
    key = _keys_of("collector-a")[0]
    assert not _allowed(s3.delete_object, Key=key)
    assert not _allowed(s3.list_objects_v2)
    assert not _allowed(s3.put_bucket_versioning, VersioningConfiguration={"Status": "Suspended"})
    assert not _allowed(s3.delete_bucket_policy)


def test_airflow_reads_everything_and_puts_repairs_only(acting_as: Callable[[str, str], Any]) -> None:
    s3 = acting_as("airflow", "s3")
    assert _allowed(s3.list_objects_v2)
    for key in _keys_of("events-api-20261122"):
        assert _allowed(s3.put_object, Key=key, Body=b"x")
        assert _allowed(s3.get_object, Key=key)
        assert not _allowed(s3.delete_object, Key=key)
    assert not _allowed(s3.put_object, Key=_keys_of("collector-a")[0], Body=b"x")


@pytest.mark.parametrize("template", ["collector", "airflow"])
def test_a_machine_reads_its_own_secrets_only(template: str) -> None:
    statements = _properties(template, "Role")["Policies"][0]["PolicyDocument"]["Statement"]
    (statement,) = [one for one in statements if "secretsmanager:GetSecretValue" in one["Action"]]
    resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
    assert resources[0] == {"Ref": "ApiKey"}
    warehouse = [re.findall(r":secret:\$\{System\}/warehouse/([\w-]+)-[?]", one["Fn::Sub"]) for one in resources[1:3]]
    assert warehouse == ([["airflow"], ["fernet-key"]] if template == "airflow" else [])
    if template == "airflow":
        condition, granted, otherwise = resources[3]["Fn::If"]
        assert (condition, otherwise) == ("MayMigrate", {"Ref": "AWS::NoValue"})
        assert "/warehouse/master-" in granted["Fn::Sub"]


def test_the_machine_may_not_migrate_unless_it_is_told_to() -> None:
    template = decode_yaml(str(AWS / "airflow.yaml"))
    assert template["Parameters"]["MayMigrate"]["Default"] == "false"
    assert template["Conditions"] == {"MayMigrate": {"Fn::Equals": [{"Ref": "MayMigrate"}, "true"]}}


def test_the_bucket_refuses_plain_http_and_puts_that_could_overwrite() -> None:
    statements = _properties("archive", "ArchivePolicy")["PolicyDocument"]["Statement"]
    plain, overwriting = statements
    assert (plain["Effect"], plain["Action"]) == ("Deny", "s3:*")
    assert plain["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert (overwriting["Effect"], overwriting["Action"]) == ("Deny", "s3:PutObject")
    assert overwriting["Condition"] == {
        "Null": {"s3:if-none-match": "true"},
        "Bool": {"s3:ObjectCreationOperation": "true"},
    }


@pytest.mark.parametrize("template", ["collector", "airflow"])
def test_a_machine_may_write_metrics_of_this_system_only(template: str) -> None:
    statements = _properties(template, "Role")["Policies"][0]["PolicyDocument"]["Statement"]
    (statement,) = [one for one in statements if "cloudwatch" in str(one["Action"])]
    assert statement["Action"] == "cloudwatch:PutMetricData"
    assert statement["Condition"] == {"StringEquals": {"cloudwatch:namespace": {"Ref": "System"}}}
