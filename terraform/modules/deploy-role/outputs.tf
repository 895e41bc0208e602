output "policies" {
  description = "What each program may do, as JSON."
  value       = { for name, policy in aws_iam_role_policy.program : name => policy.policy }
}
