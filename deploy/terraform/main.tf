# The stacks of deploy/aws as one Terraform module: the same templates, so that both ways build the same system.
#   module "tidemark" {
#     source = "github.com/…/tidemark//deploy/terraform"
#     email  = "you@example.com"
#   }
# The releases must be in the bucket before the machines start (deploy/README.md, section 2): apply with
# `-target=module.tidemark.aws_cloudformation_stack.archive` first, copy them, and apply the rest.

terraform {
  required_version = ">= 1.3"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

locals {
  templates = "${path.module}/../aws"
}

resource "aws_cloudformation_stack" "network" {
  name          = "${var.system}-network"
  template_body = file("${local.templates}/network.yaml")
  parameters = merge({
    System   = var.system
    Range    = var.range
    ZoneA    = var.zones[0]
    ZoneB    = var.zones[1]
    MailPort = var.mail_port
    }, var.network == null ? {} : {
    ExistingNetwork        = var.network.id
    ExistingRange          = var.network.range
    ExistingSubnetA        = var.network.subnets[0]
    ExistingSubnetB        = var.network.subnets[1]
    ExistingPrivateSubnetA = var.network.private_subnets[0]
    ExistingPrivateSubnetB = var.network.private_subnets[1]
  })
}

resource "aws_cloudformation_stack" "archive" {
  name          = "${var.system}-archive"
  template_body = file("${local.templates}/archive.yaml")
  parameters = {
    System              = var.system
    InfrequentAfterDays = var.infrequent_after_days
    GlacierAfterDays    = var.glacier_after_days
  }
}

# One after the other, also when they change: one records while the other is replaced.
resource "aws_cloudformation_stack" "collector_a" {
  name          = "${var.system}-collector-a"
  template_body = file("${local.templates}/collector.yaml")
  capabilities  = ["CAPABILITY_IAM"]
  parameters    = merge(local.collector, { Zone = "a" })
  depends_on    = [aws_cloudformation_stack.network, aws_cloudformation_stack.archive]
}

resource "aws_cloudformation_stack" "collector_b" {
  name          = "${var.system}-collector-b"
  template_body = file("${local.templates}/collector.yaml")
  capabilities  = ["CAPABILITY_IAM"]
  parameters    = merge(local.collector, { Zone = "b" })
  depends_on    = [aws_cloudformation_stack.collector_a]
}

locals {
  collector = {
    System        = var.system
    Collections   = join(",", var.collections)
    InstanceType  = var.collector_instance_type
    Image         = var.image
    SpoolGiB      = var.spool_gib
    Release       = var.collector_release
    PublicAddress = var.public_address
  }
}

resource "aws_cloudformation_stack" "warehouse" {
  name          = "${var.system}-warehouse"
  template_body = file("${local.templates}/warehouse.yaml")
  capabilities  = ["CAPABILITY_IAM"]
  parameters = {
    System        = var.system
    InstanceClass = var.warehouse_instance_class
    StorageGiB    = var.warehouse_storage_gib
    MultiAz       = var.warehouse_multi_az
    EngineVersion = var.warehouse_engine_version
  }
  depends_on = [aws_cloudformation_stack.network]
}

resource "aws_cloudformation_stack" "airflow" {
  name          = "${var.system}-airflow"
  template_body = file("${local.templates}/airflow.yaml")
  capabilities  = ["CAPABILITY_IAM"]
  parameters = {
    System        = var.system
    InstanceType  = var.airflow_instance_type
    Image         = var.image
    Release       = var.airflow_release
    Collections   = join(",", var.collections)
    PublicAddress = var.public_address
    MayMigrate    = var.may_migrate
  }
  depends_on = [aws_cloudformation_stack.warehouse, aws_cloudformation_stack.archive]
}

resource "aws_cloudformation_stack" "alarms" {
  name          = "${var.system}-alarms"
  template_body = file("${local.templates}/alarms.yaml")
  parameters = {
    System        = var.system
    Email         = var.email
    DiskFreeBytes = var.disk_free_bytes
  }
  depends_on = [aws_cloudformation_stack.collector_b, aws_cloudformation_stack.airflow]
}
