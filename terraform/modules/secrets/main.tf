# The database's secret is RDS's own (module database). Here is what else the API may need.

resource "aws_secretsmanager_secret" "bearer_token" {
  # checkov:skip=CKV2_AWS_57:machines must be told a new token: nothing can change it by itself

  count = var.bearer_token_version > 0 ? 1 : 0

  name                    = "${var.name}/bearer-token"
  description             = "What machines show the API: JSON with the key token"
  kms_key_id              = var.kms_key_arn == "" ? null : var.kms_key_arn
  recovery_window_in_days = var.recovery_days
}

# Write-only: Terraform hands the value on and keeps it in no state and no plan.
resource "aws_secretsmanager_secret_version" "bearer_token" {
  count = var.bearer_token_version > 0 ? 1 : 0

  secret_id                = aws_secretsmanager_secret.bearer_token[0].id
  secret_string_wo         = jsonencode({ token = var.bearer_token })
  secret_string_wo_version = var.bearer_token_version
}
