output "aws_region" {
  description = "Region of everything."
  value       = var.aws_region
}

output "vpc_id" {
  description = "The VPC."
  value       = aws_vpc.this.id
}

output "public_subnet_ids" {
  description = "Subnets of the load balancer."
  value       = [for zone in var.availability_zones : aws_subnet.public[zone].id]
}

output "private_subnet_ids" {
  description = "Subnets of the API's tasks."
  value       = [for zone in var.availability_zones : aws_subnet.private[zone].id]
}

output "database_subnet_ids" {
  description = "Subnets of the database."
  value       = [for zone in var.availability_zones : aws_subnet.database[zone].id]
}

output "load_balancer_security_group_id" {
  description = "Security group of the load balancer."
  value       = aws_security_group.load_balancer.id
}

output "api_security_group_id" {
  description = "Security group of the API's tasks."
  value       = aws_security_group.api.id
}

output "database_security_group_id" {
  description = "Security group of the database."
  value       = aws_security_group.database.id
}

output "ecr_repository_name" {
  description = "Name of the repository of the API's images."
  value       = aws_ecr_repository.api.name
}

output "ecr_repository_url" {
  description = "Address of the repository of the API's images."
  value       = aws_ecr_repository.api.repository_url
}

output "api_log_group_name" {
  description = "Where the API's tasks log."
  value       = aws_cloudwatch_log_group.api.name
}

output "api_execution_role_arn" {
  description = "Role with which ECS starts the API's tasks."
  value       = aws_iam_role.execution.arn
}

output "api_task_role_arn" {
  description = "Role with which the API runs."
  value       = aws_iam_role.task.arn
}

output "bearer_token_secret_arn" {
  description = "Secret that holds the token of machines."
  value       = aws_secretsmanager_secret.bearer_token.arn
}

output "web_bucket_name" {
  description = "Bucket of the site."
  value       = aws_s3_bucket.web.bucket
}

output "alarm_topic_arn" {
  description = "Topic that hears of alarms."
  value       = aws_sns_topic.alarms.arn
}

output "api_env_config" {
  description = "Environment of the API, without its secrets."
  value       = <<-EOT
    PORT=${var.api_port}
    NODE_ENV=production
    LOG_LEVEL=info
    LOG_FORMAT=json
    TZ=UTC
  EOT
}

output "web_env_config" {
  description = "Environment of the site's build. All of it is public."
  value       = <<-EOT
    VITE_API_BASE_URL=/api
    VITE_AWS_REGION=${var.aws_region}
  EOT
}
