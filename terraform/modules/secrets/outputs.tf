output "bearer_token_secret_arn" {
  description = "The secret of the bearer token; empty without one."
  value       = var.bearer_token_version > 0 ? aws_secretsmanager_secret.bearer_token[0].arn : ""
}

output "secret_arns" {
  description = "All secrets that were made here, for policies."
  value       = [for secret in aws_secretsmanager_secret.bearer_token : secret.arn]
}

output "container_secrets" {
  description = "What module api-service takes: a variable's name and the JSON key to read."
  value       = var.bearer_token_version > 0 ? { API_BEARER_TOKEN = "${aws_secretsmanager_secret.bearer_token[0].arn}:token::" } : {}
}
