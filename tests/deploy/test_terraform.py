"""The Terraform module: Terraform plans it, and it gives every template what that template takes."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cfnlint.decode.cfn_yaml import load as decode_yaml

ROOT = Path(__file__).parents[2]
TERRAFORM, AWS = ROOT / "deploy" / "terraform", ROOT / "deploy" / "aws"
TOOLS = ROOT / ".venv-tools" / "bin"
MAIN = (TERRAFORM / "main.tf").read_text()
VARIABLES = (TERRAFORM / "variables.tf").read_text()
NETWORK = {"id": "vpc-1", "range": "10.0.0.0/16", "subnets": ["subnet-1", "subnet-2"],
           "private_subnets": ["subnet-3", "subnet-4"]}  # fmt: skip
STACKS = dict(re.findall(r'(?ms)^resource "aws_cloudformation_stack" "(\w+)" \{\n(.*?)^\}', MAIN))


def _template(stack: str) -> dict[str, Any]:
    (name,) = re.findall(r"\$\{local\.templates\}/(\w+)\.yaml", STACKS[stack])
    found: dict[str, Any] = decode_yaml(str(AWS / f"{name}.yaml"))
    return found


def _given(stack: str) -> set[str]:
    (shared,) = re.findall(r"(?ms)^  collector = \{\n(.*?)^  \}", MAIN)
    block = STACKS[stack] + (shared if "local.collector" in STACKS[stack] else "")
    return set(re.findall(r"\b([A-Z]\w+) += ", block))


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_gets_every_parameter_of_its_template(stack: str) -> None:
    assert _given(stack) == set(_template(stack)["Parameters"])


def test_the_module_makes_every_stack_and_its_rights() -> None:
    made = {re.findall(r"/(\w+)\.yaml", text)[0] for text in STACKS.values()}
    assert made == {path.stem for path in AWS.glob("*.yaml")}
    for stack, text in STACKS.items():
        roles = any(each["Type"] == "AWS::IAM::Role" for each in _template(stack)["Resources"].values())
        assert ("CAPABILITY_IAM" in text) == roles


def test_a_stack_comes_after_those_whose_exports_it_imports() -> None:
    before: dict[str, set[str]] = {}
    for stack, text in STACKS.items():
        named = re.findall(r"aws_cloudformation_stack\.(\w+)", text.partition("depends_on")[2])
        before[stack] = {*named, *(each for name in named for each in before[name])}
    exports = {
        each["Export"]["Name"]["Fn::Sub"].replace("${Zone}", stack[-1]): stack
        for stack in STACKS
        for each in _template(stack).get("Outputs", {}).values()
        if "Export" in each
    }
    for stack in STACKS:
        text = json.dumps(_template(stack), default=str)
        for name in re.findall(r'"Fn::ImportValue": \{"Fn::Sub": "([^"]+)"', text):
            assert exports[name.replace("${Zone}", stack[-1])] in before[stack], (stack, name)


def test_defaults_are_those_of_the_templates() -> None:
    blocks = re.findall(r'(?ms)^variable "(\w+)" \{\n(.*?)^\}', VARIABLES)
    defaults = {name: default for name, text in blocks for default in re.findall(r"(?m)^  default += (\S+)$", text)}
    compared = 0
    for stack, text in STACKS.items():
        for name, variable in re.findall(r"\b([A-Z]\w+) += var\.(\w+)$", text, re.MULTILINE):
            default = _template(stack)["Parameters"][name].get("Default")
            if default is not None:
                assert json.loads(defaults[variable]) in (default, str(default) == "true"), name
                compared += 1
    assert compared >= 10


def test_every_variable_is_used_and_declared() -> None:
    used = set(re.findall(r"\bvar\.(\w+)", MAIN))
    assert used == set(re.findall(r'^variable "(\w+)"', VARIABLES, re.MULTILINE))


@pytest.mark.skipif(not TOOLS.exists(), reason="needs the checkers: make tools")
@pytest.mark.parametrize("network", [None, NETWORK], ids=["a new network", "a network that is there"])
def test_terraform_itself_plans_what_the_templates_take(tmp_path: Path, network: dict[str, Any] | None) -> None:
    planned = plan(tmp_path, {"email": "you@example.com"} | ({"network": network} if network else {}))
    assert set(planned) == set(STACKS)
    for stack, given in planned.items():
        parameters = _template(stack)["Parameters"]
        needed = {name for name, each in parameters.items() if "Default" not in each}
        assert needed <= set(given["parameters"]) <= set(parameters)
        for name, value in given["parameters"].items():
            text = str(value).lower() if isinstance(value, bool) else str(value)
            assert text in map(str, parameters[name].get("AllowedValues", [text])), name
            assert re.fullmatch(parameters[name].get("AllowedPattern", ".*"), text), name
    assert ("vpc-1" in planned["network"]["parameters"].values()) == bool(network)
    zones = [planned[stack]["parameters"]["Zone"] for stack in ("collector_a", "collector_b")]
    assert zones == ["a", "b"]


@pytest.mark.skipif(not TOOLS.exists(), reason="needs the checkers: make tools")
def test_terraform_says_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="email"):
        plan(tmp_path, {})


def test_outputs_are_those_of_the_templates() -> None:
    named = re.findall(r'aws_cloudformation_stack\.(\w+)\.outputs\["(\w+)"\]', (TERRAFORM / "outputs.tf").read_text())
    assert named
    for stack, output in named:
        assert output in _template(stack)["Outputs"], (stack, output)


def plan(folder: Path, variables: dict[str, Any]) -> dict[str, Any]:
    """Return what Terraform would give each stack."""
    for source in (TERRAFORM, AWS):
        shutil.copytree(source, folder / source.name)
    command = [TOOLS / "python", ROOT / "tests/deploy/run_terraform.py", folder, json.dumps(variables)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
