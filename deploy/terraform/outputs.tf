output "bucket" {
  description = "The archive."
  value       = aws_cloudformation_stack.archive.outputs["Bucket"]
}

output "api_keys" {
  description = "The secrets to put the OpenSea API keys into, by machine."
  value = {
    collector-a = aws_cloudformation_stack.collector_a.outputs["ApiKey"]
    collector-b = aws_cloudformation_stack.collector_b.outputs["ApiKey"]
    airflow     = aws_cloudformation_stack.airflow.outputs["ApiKey"]
  }
}

output "warehouse_address" {
  description = "The warehouse's host name."
  value       = aws_cloudformation_stack.warehouse.outputs["Address"]
}
