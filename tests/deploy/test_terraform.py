"""The Terraform module: it can be parsed, and it gives every template what that template takes."""

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
@pytest.mark.parametrize("file", sorted(TERRAFORM.glob("*.tf")), ids=lambda path: path.name)
def test_a_parser_takes_every_file(file: Path) -> None:
    command = [TOOLS / "python", ROOT / "tests/deploy/read_terraform.py", file]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    if file.name == "main.tf":
        assert sum(len(each) for each in found["resource"]) == len(STACKS)


@pytest.mark.skipif(not shutil.which("terraform"), reason="Terraform is not installed")
def test_terraform_would_write_it_the_same_way() -> None:
    done = subprocess.run(
        ["terraform", "fmt", "-check", "-diff", TERRAFORM], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
