variable "email" {
  description = "Who hears of alarms. AWS sends a message to confirm the address first."
  type        = string
}

variable "system" {
  description = "Prefix of every name."
  type        = string
  default     = "tidemark"
}

variable "network" {
  description = "A VPC of yours instead of a new one: two subnets with a way to the internet and two private ones, the first of each in the first of `zones`."
  type = object({
    id              = string
    range           = string
    subnets         = list(string)
    private_subnets = list(string)
  })
  default = null
}

variable "zones" {
  description = "Two availability zones; empty is the region's first and second."
  type        = list(string)
  default     = ["", ""]
}

variable "range" {
  description = "First two numbers of a new network's addresses."
  type        = string
  default     = "10.71"
}

variable "mail_port" {
  description = "The port of the mail server for e-mail from Airflow, such as 587; 0 is none."
  type        = number
  default     = 0
}

variable "public_address" {
  description = "false where the subnets of your network reach the internet through a NAT gateway."
  type        = bool
  default     = true
}

variable "collections" {
  description = "Slugs to record, or * for the whole market."
  type        = list(string)
  default     = ["*"]
}

variable "image" {
  description = "Debian 12, by the name of its public SSM parameter; arm64 goes with t4g machines."
  type        = string
  default     = "/aws/service/debian/release/12/latest/arm64"
}

variable "collector_instance_type" {
  type    = string
  default = "t4g.small"
}

variable "collector_release" {
  type    = string
  default = "tidemark-collector.tar.gz"
}

variable "spool_gib" {
  type    = number
  default = 200
}

variable "airflow_instance_type" {
  type    = string
  default = "t4g.large"
}

variable "airflow_release" {
  type    = string
  default = "tidemark-airflow.tar.gz"
}

variable "may_migrate" {
  description = "Whether the Airflow machine may read the owner's password: true for the first start and for an update with migrations."
  type        = bool
  default     = false
}

variable "warehouse_instance_class" {
  type    = string
  default = "db.t4g.medium"
}

variable "warehouse_storage_gib" {
  type    = number
  default = 50
}

variable "warehouse_multi_az" {
  type    = bool
  default = false
}

variable "warehouse_engine_version" {
  type    = string
  default = "17"
}

variable "infrequent_after_days" {
  type    = number
  default = 30
}

variable "glacier_after_days" {
  type    = number
  default = 120
}

variable "disk_free_bytes" {
  description = "Alarm when a spool has less room than this."
  type        = number
  default     = 20000000000
}
