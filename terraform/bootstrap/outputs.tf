output "state_bucket" {
  description = "Where the environments keep their states: `-backend-config=bucket=…`."
  value       = aws_s3_bucket.state.bucket
}

output "state_kms_key_arn" {
  description = "The key of the states."
  value       = aws_kms_key.state.arn
}

output "oidc_provider_arn" {
  description = "GitHub's OIDC provider."
  value       = local.oidc_provider
}

output "role_arns" {
  description = "The roles, by `<environment>-plan`, `-deploy` and `-infra`: the programs' `role-to-assume`."
  value       = { for key, role in aws_iam_role.ci : key => role.arn }
}

output "deploy_role_names" {
  description = "The pipeline's roles by environment: the environments' `deploy_role_name`."
  value       = { for environment in keys(var.environments) : environment => aws_iam_role.ci["${environment}-deploy"].name }
}

output "permissions_boundary_arns" {
  description = "The boundaries by environment: the environments' `permissions_boundary_arn`."
  value       = { for environment, policy in aws_iam_policy.boundary : environment => policy.arn }
}
