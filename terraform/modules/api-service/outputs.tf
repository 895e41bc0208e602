output "cluster_name" {
  description = "The cluster, ecs-rollout's and migrate's `cluster`."
  value       = aws_ecs_cluster.this.name
}

output "cluster_arn" {
  description = "The cluster, for policies."
  value       = aws_ecs_cluster.this.arn
}

output "service_name" {
  description = "The service, ecs-rollout's and migrate's `service`."
  value       = aws_ecs_service.api.name
}

output "service_arn" {
  description = "The service, for policies."
  value       = aws_ecs_service.api.arn
}

output "task_definition_family" {
  description = "The family whose revisions the pipeline registers."
  value       = aws_ecs_task_definition.api.family
}

output "task_definition_arn" {
  description = "The first revision: what ecs-rollout copies when the service has run nothing else."
  value       = aws_ecs_task_definition.api.arn
}

output "container_name" {
  description = "The container whose image the pipeline changes."
  value       = var.container_name
}

output "log_group_name" {
  description = "The API's log."
  value       = aws_cloudwatch_log_group.api.name
}

output "log_group_arn" {
  description = "The API's log, for policies."
  value       = aws_cloudwatch_log_group.api.arn
}

output "execution_role_arn" {
  description = "The role by which ECS starts tasks."
  value       = aws_iam_role.execution.arn
}

output "task_role_arn" {
  description = "The role of the API itself."
  value       = aws_iam_role.task.arn
}
