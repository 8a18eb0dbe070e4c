"""The CloudFormation stacks: linted, and created for real against moto."""

import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from cfnlint.decode.cfn_yaml import load as decode_yaml
from moto import mock_aws

AWS = Path(__file__).parents[2] / "deploy" / "aws"
NOT_IN_MOTO = {"AWS::CloudWatch::Alarm", "AWS::S3::BucketPolicy", "AWS::SecretsManager::Secret"}
# moto makes the parameter group and then stumbles over a reference to it.
UNKNOWN_TO_MOTO = ("!GetAtt Warehouse.DbiResourceId", "db-EXAMPLE")
REFUSED_BY_MOTO = "      DBParameterGroupName: !Ref Settings\n"
STACKS = (
    ("network", "network", {}),
    ("archive", "archive", {}),
    ("collector-a", "collector", {"Zone": "a"}),
    ("collector-b", "collector", {"Zone": "b"}),
    ("warehouse", "warehouse", {}),
    ("airflow", "airflow", {}),
    ("alarms", "alarms", {"Email": "oncall@example.com"}),
)


def test_every_template_is_clean_for_cfn_lint() -> None:
    found = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), *map(str, sorted(AWS.glob("*.yaml")))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout


@pytest.fixture(scope="module")
def outputs() -> Iterator[dict[str, dict[str, str]]]:
    """Create all stacks in their order and give their outputs by stack."""
    with mock_aws(), pytest.MonkeyPatch.context() as patch:
        for name, value in (("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")):
            patch.setenv(name, value)
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        patch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        with warnings.catch_warnings(record=True) as passed_over:
            warnings.simplefilter("always")
            made = {stack: _created(stack, template, values) for stack, template, values in STACKS}
        types = {found[0] for note in passed_over if (found := re.findall(r"AWS::\w+::\w+", str(note.message)))}
        assert types <= NOT_IN_MOTO
        yield made


def _created(stack: str, template: str, values: dict[str, str]) -> dict[str, str]:
    cloud = boto3.client("cloudformation")
    cloud.create_stack(
        StackName=stack,
        TemplateBody=(AWS / f"{template}.yaml").read_text().replace(REFUSED_BY_MOTO, "").replace(*UNKNOWN_TO_MOTO),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
    (made,) = cloud.describe_stacks(StackName=stack)["Stacks"]
    assert made["StackStatus"] == "CREATE_COMPLETE"
    return {output["OutputKey"]: output["OutputValue"] for output in made.get("Outputs", [])}


def test_a_network_that_is_there_is_taken_as_it_is(outputs: dict[str, dict[str, str]]) -> None:
    new = outputs["network"]
    given = {f"Existing{name}": new[f"Public{name}"] for name in ("SubnetA", "SubnetB")}
    given |= {f"Existing{name}": new[name] for name in ("PrivateSubnetA", "PrivateSubnetB", "Network")}
    given |= {"System": "within", "ExistingRange": "10.71.0.0/16", "ZoneA": new["ZoneB"], "ZoneB": new["ZoneA"]}
    networks = len(boto3.client("ec2").describe_vpcs()["Vpcs"])
    found = _created("within-network", "network", given)
    assert len(boto3.client("ec2").describe_vpcs()["Vpcs"]) == networks
    places = ("Network", "PublicSubnetA", "PublicSubnetB", "PrivateSubnetA", "PrivateSubnetB")
    assert {name: found[name] for name in places} == {name: new[name] for name in places}
    assert (found["ZoneA"], found["ZoneB"]) == (new["ZoneB"], new["ZoneA"])
    groups = boto3.client("ec2").describe_security_groups(GroupIds=[found["OutboundOnly"], found["ToWarehouse"]])
    assert {group["VpcId"] for group in groups["SecurityGroups"]} == {new["Network"]}


def _properties(template: str, resource: str) -> dict[str, Any]:
    """Give a resource's properties as written; moto's CloudFormation passes over many of them."""
    found: dict[str, Any] = decode_yaml(str(AWS / f"{template}.yaml"))["Resources"][resource]["Properties"]
    return found


def test_the_archive_is_private_versioned_and_encrypted() -> None:
    bucket = _properties("archive", "Archive")
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["BucketKeyEnabled"]
    cheaper = bucket["LifecycleConfiguration"]["Rules"][0]
    assert [move["StorageClass"] for move in cheaper["Transitions"]] == ["STANDARD_IA", "GLACIER_IR"]
    assert not any("ExpirationInDays" in rule for rule in bucket["LifecycleConfiguration"]["Rules"])


@pytest.mark.usefixtures("outputs")
def test_no_security_group_admits_anybody_from_outside_the_network() -> None:
    names = {stack for stack, _, _ in STACKS}  # another test makes a stack within a VPC of its own
    ours = boto3.client("ec2").describe_security_groups(
        Filters=[{"Name": "tag:aws:cloudformation:stack-name", "Values": sorted(names)}]
    )["SecurityGroups"]
    assert len(ours) == 3
    for group in ours:
        for rule in group["IpPermissions"]:
            assert rule["IpRanges"] == []
            assert rule["UserIdGroupPairs"]


def test_only_the_airflow_machine_reaches_the_warehouse() -> None:
    groups = {
        template: str(decode_yaml(str(AWS / f"{template}.yaml"))["Resources"]).count("-to-warehouse")
        for template in ("collector", "airflow", "warehouse")
    }
    assert groups == {"collector": 0, "airflow": 1, "warehouse": 1}
    collectors = _properties("network", "OutboundOnly")["SecurityGroupEgress"]
    assert 5432 not in {rule["ToPort"] for rule in collectors}


def test_mail_leaves_the_airflow_machine_alone_and_where_its_port_is_given() -> None:
    template = decode_yaml(str(AWS / "network.yaml"))
    assert template["Conditions"]["Mail"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "MailPort"}, 0]}]}
    assert template["Resources"]["ToMail"]["Condition"] == "Mail"
    rule = _properties("network", "ToMail")
    assert rule["GroupId"] == {"Fn::GetAtt": ["ToWarehouse", "GroupId"]}
    assert rule["FromPort"] == rule["ToPort"] == {"Ref": "MailPort"}


@pytest.mark.usefixtures("outputs")
def test_the_two_collectors_live_in_two_zones_each_kept_alive_by_a_group_of_one() -> None:
    groups = boto3.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    collectors = [group for group in groups if "-collector-" in group["AutoScalingGroupName"]]
    assert [(group["MinSize"], group["MaxSize"]) for group in collectors] == [(1, 1), (1, 1)]
    assert len({group["AvailabilityZones"][0] for group in collectors}) == 2
    spool = _properties("collector", "Spool")
    assert spool["Encrypted"]
    assert spool["AvailabilityZone"] == {"Fn::ImportValue": {"Fn::Sub": "${System}-zone-${Zone}"}}


def first_boot(template: str) -> str:
    """Give the script of a machine's first boot, with a word for every value of CloudFormation."""
    given = _properties(template, "Template")["LaunchTemplateData"]["UserData"]["Fn::Base64"]["Fn::Sub"][0]
    return re.sub(r"\$\{[\w:]+\}", "given", given)


@pytest.mark.parametrize("template", ["collector", "airflow"])
def test_a_stack_is_complete_when_its_machine_says_that_it_is_installed(template: str) -> None:
    resources = decode_yaml(str(AWS / f"{template}.yaml"))["Resources"]
    assert resources["Group"]["CreationPolicy"]["ResourceSignal"]["Count"] == 1
    assert resources["Group"]["UpdatePolicy"]["AutoScalingRollingUpdate"]["WaitOnResourceSignals"]
    assert "cloudformation:SignalResource" in str(resources["Role"])
    assert subprocess.run(["bash", "-n"], input=first_boot(template), text=True, check=False).returncode == 0
    lines = [line.strip() for line in first_boot(template).splitlines()]
    assert lines[-3].startswith("/opt/tidemark-release/deploy/install")
    assert lines[-2:] == ["trap - ERR", "signal SUCCESS"]


@pytest.mark.parametrize("template", ["collector", "airflow"])
def test_the_first_command_that_fails_is_told_and_a_signal_that_is_refused_fails_nothing(
    template: str, tmp_path: Path
) -> None:
    (tmp_path / "instance-id").write_text("i-1\n")
    for name, text in (("apt-get", "exit 100"), ("aws", f'echo "$@" >>{tmp_path}/told; exit 1')):
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    script = first_boot(template).replace("/var/lib/cloud/data", str(tmp_path))
    begin, _, rest = script.partition("apt-get update")
    end = rest[rest.index("trap - ERR") :]
    for steps, ended, said in ((script, 100, "FAILURE"), (f"{begin}\n{end}", 0, "SUCCESS")):
        run = subprocess.run(
            ["bash", "-c", steps], env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, capture_output=True, check=False
        )
        assert run.returncode == ended
        told = (tmp_path / "told").read_text().splitlines()[-1]
        assert told.endswith(f"--logical-resource-id Group --unique-id i-1 --status {said}")


def test_a_new_collector_keeps_the_collections_on_the_spool() -> None:
    lines = [line.strip() for line in first_boot("collector").splitlines()]
    chosen = next(line for line in lines if line.startswith("[ -e /var/lib/tidemark/collections ]"))
    assert lines.index("mount /var/lib/tidemark") < lines.index(chosen)


def test_the_minor_version_of_the_warehouse_is_left_to_rds() -> None:
    template = decode_yaml(str(AWS / "warehouse.yaml"))
    assert template["Parameters"]["EngineVersion"]["Default"].isdecimal()
    assert template["Resources"]["Warehouse"]["Properties"]["AutoMinorVersionUpgrade"]


@pytest.mark.usefixtures("outputs")
def test_the_warehouse_is_private_encrypted_backed_up_and_forces_tls() -> None:
    warehouse = _properties("warehouse", "Warehouse")
    assert warehouse["StorageEncrypted"]
    assert warehouse["DeletionProtection"]
    assert not warehouse["PubliclyAccessible"]
    assert warehouse["BackupRetentionPeriod"] == 14
    assert REFUSED_BY_MOTO in (AWS / "warehouse.yaml").read_text()
    rds = boto3.client("rds")
    (group,) = [group["DBParameterGroupName"] for group in rds.describe_db_parameter_groups()["DBParameterGroups"]]
    settings = rds.describe_db_parameters(DBParameterGroupName=group)["Parameters"]
    assert {item["ParameterName"]: item["ParameterValue"] for item in settings}["rds.force_ssl"] == "1"


def test_every_alarm_is_sent_and_names_a_section_of_the_runbook() -> None:
    resources = decode_yaml(str(AWS / "alarms.yaml"))["Resources"].values()
    alarms = [resource["Properties"] for resource in resources if resource["Type"] == "AWS::CloudWatch::Alarm"]
    runbook = (AWS.parents[1] / "docs" / "runbook.md").read_text()
    assert len(alarms) == 21
    for alarm in alarms:
        (page,) = re.findall('Runbook, "(.+)"', alarm["AlarmDescription"])
        assert f"\n## {page}\n" in runbook
        assert alarm["AlarmActions"] == [{"Ref": "Topic"}]
        # no program left to report is what these alarms are for
        if str(alarm.get("Namespace")).startswith("AWS/"):
            assert alarm["TreatMissingData"] == "breaching"
    # CloudWatch may not use the key alias/aws/sns; with it the topic would stay silent
    assert "KmsMasterKeyId" not in _properties("alarms", "Topic")
