"""What deploy/README.md tells to type: held against the templates, and typed with a real AWS CLI against moto."""

import json
import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import boto3
import pytest
from cfnlint.decode.cfn_yaml import load as decode_yaml

from tests.deploy.test_aws import REFUSED_BY_MOTO
from tidemark.local.services.s3 import S3Server

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
README = (DEPLOY / "README.md").read_text()
AWS_CLI = ROOT / ".venv-bench" / "bin" / "aws"
BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
SYSTEM = "tidemark"
# moto gives a stack that came by a change set no outputs, so change sets are made and not carried out;
# tests/deploy/test_aws.py creates the stacks.
STUBS = """
make() { :; }
aws() {
  case "$1 $2" in
    "cloudformation deploy") command aws "$@" --no-execute-changeset ;;
    "cloudformation describe-stacks") echo a-bucket ;;
    *) command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@" ;;
  esac
}
"""


def deploys() -> list[dict[str, Any]]:
    """Every `aws cloudformation deploy`, with the loops around them unrolled, by option."""
    blocks = "\n".join(block for block in BLOCKS if "cloudformation deploy" in block)
    script = 'aws() { printf "%q " "$@"; echo; }\n' + blocks
    said = subprocess.run(["bash", "-euc", script], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [_options(shlex.split(line)[2:]) for line in said.splitlines() if line.startswith("cloudformation deploy")]


def _options(words: list[str]) -> dict[str, Any]:
    found: dict[str, list[str]] = {}
    for word in words:
        if word.startswith("--"):
            values = found.setdefault(word, [])
        else:
            values.append(word)
    return found


def test_every_template_is_deployed_with_the_parameters_it_has_and_needs() -> None:
    stacks = {options["--stack-name"][0]: options for options in deploys()}
    assert set(stacks) == {
        f"{SYSTEM}-{name}"
        for name in ("network", "archive", "collector-a", "collector-b", "warehouse", "airflow", "alarms")
    }
    for options in stacks.values():
        template = decode_yaml(str(ROOT / options["--template-file"][0]))
        given = dict(pair.split("=", 1) for pair in options.get("--parameter-overrides", ()))
        parameters = template["Parameters"]
        assert given.keys() <= parameters.keys()
        assert {name for name, parameter in parameters.items() if "Default" not in parameter} <= given.keys()
        for name, value in given.items():
            assert re.fullmatch(parameters[name].get("AllowedPattern", ".*"), value)
            assert value in parameters[name].get("AllowedValues", [value])
        makes_roles = any(made["Type"] == "AWS::IAM::Role" for made in template["Resources"].values())
        assert ("--capabilities" in options) == makes_roles


def test_every_file_that_it_names_is_there() -> None:
    named = {name for name in re.findall(r"\bdeploy/[\w./-]+\w", README) if not name.endswith("README.md")}
    assert named
    assert [name for name in named if not (ROOT / name.replace("$stack", "archive")).exists()] == []
    installed = re.findall(r"/opt/tidemark/lib/([\w-]+)", README)
    assert [name for name in installed if not (DEPLOY / "lib" / name).exists()] == []


def test_the_unit_that_says_when_the_owners_password_can_go_is_active_after_its_success_alone() -> None:
    (asked,) = re.findall(r"systemctl is-active ([\w@.-]+)", README)
    unit = (DEPLOY / "systemd" / f"{asked.removesuffix('.service')}.service").read_text()
    assert "/airflow-setup" in unit
    assert {"Type=oneshot", "RemainAfterExit=yes"} <= set(unit.splitlines())


def test_the_secrets_that_it_fills_are_those_that_the_templates_make() -> None:
    made = {
        resource["Properties"]["Name"]["Fn::Sub"].replace("${System}", SYSTEM).replace("${Zone}", zone)
        for template in ("collector", "airflow", "warehouse")
        for zone in "ab"
        for resource in decode_yaml(str(DEPLOY / "aws" / f"{template}.yaml"))["Resources"].values()
        if resource["Type"] == "AWS::SecretsManager::Secret"
    }
    machines = " ".join(re.findall(r"for machine in ([\w -]+)", README)).split()
    filled = {f"{SYSTEM}/{machine}/opensea-api-key" for machine in machines}
    assert f"{SYSTEM}/$machine/opensea-api-key" in README
    assert filled | set(re.findall(r"tidemark/warehouse/[a-z-]+", README)) == made


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A folder in which the commands find what they name; the releases are built elsewhere (test_install.py)."""
    (tmp_path / "deploy" / "aws").mkdir(parents=True)
    for path in (DEPLOY / "aws").glob("*.yaml"):
        (tmp_path / "deploy" / "aws" / path.name).write_text(path.read_text().replace(REFUSED_BY_MOTO, ""))
    (tmp_path / "deploy" / "build-wheelhouse").write_text(
        "#!/bin/sh\nmkdir -p dist; echo $2 >dist/tidemark-$1.tar.gz\n"
    )
    (tmp_path / "deploy" / "build-wheelhouse").chmod(0o755)
    return tmp_path


@pytest.mark.e2e
@pytest.mark.timeout(900)
@pytest.mark.skipif(not AWS_CLI.exists(), reason="needs the AWS CLI: make bench installs it into .venv-bench")
def test_the_commands_work_as_they_are_written(s3_server: S3Server, s3_endpoint: str, repository: Path) -> None:
    secrets, rds = boto3.client("secretsmanager"), boto3.client("rds")
    names = [f"{SYSTEM}/collector-{zone}/opensea-api-key" for zone in "ab"]
    for name in (*names, f"{SYSTEM}/warehouse/master"):
        secrets.create_secret(Name=name, SecretString="none yet")
    warehouse = {
        "DBInstanceIdentifier": f"{SYSTEM}-warehouse",
        "DBInstanceClass": "db.t4g.medium",
        "Engine": "postgres",
    }
    rds.create_db_instance(**warehouse, MasterUsername="tidemark_owner", MasterUserPassword="the-first")
    s3_server.create_bucket("a-bucket")
    script = STUBS + "\n".join(block for block in BLOCKS if "start-session" not in block)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=repository, input="key of a\nkey of b\n", check=False,
        env={**os.environ, "PATH": f"{AWS_CLI.parent}:{os.environ['PATH']}"}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert [secrets.get_secret_value(SecretId=name)["SecretString"] for name in names] == ["key of a", "key of b"]
    master = json.loads(secrets.get_secret_value(SecretId=f"{SYSTEM}/warehouse/master")["SecretString"])
    assert (master["username"], len(master["password"])) == ("tidemark_owner", 40)
    released = {found["Key"] for found in boto3.client("s3").list_objects_v2(Bucket="a-bucket")["Contents"]}
    assert released == {"software/tidemark-airflow.tar.gz", "software/tidemark-collector.tar.gz"}
