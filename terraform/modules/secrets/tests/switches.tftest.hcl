mock_provider "aws" {
  source = "../../tests/aws"
}

variables {
  name = "todo-test"
}

run "a_token_is_stored_and_not_remembered" {
  variables {
    bearer_token         = "0123456789abcdef0123456789abcdef"
    bearer_token_version = 1
    recovery_days        = 7
    kms_key_arn          = "arn:aws:kms:eu-west-1:123456789012:key/1"
  }

  assert {
    condition     = aws_secretsmanager_secret.bearer_token[0].name == "todo-test/bearer-token" && aws_secretsmanager_secret.bearer_token[0].recovery_window_in_days == 7 && aws_secretsmanager_secret.bearer_token[0].kms_key_id == var.kms_key_arn
    error_message = "name, days and key must be used"
  }

  assert {
    condition     = aws_secretsmanager_secret_version.bearer_token[0].secret_string_wo_version == 1 && aws_secretsmanager_secret_version.bearer_token[0].secret_string_wo == null && aws_secretsmanager_secret_version.bearer_token[0].secret_string == null
    error_message = "the state may know the version and no value"
  }

  assert {
    condition     = endswith(output.container_secrets.API_BEARER_TOKEN, ":token::") && length(output.secret_arns) == 1
    error_message = "the API must be told which key to read"
  }
}

run "another_token_is_another_version" {
  variables {
    bearer_token         = "fedcba9876543210fedcba9876543210"
    bearer_token_version = 2
  }

  assert {
    condition     = aws_secretsmanager_secret_version.bearer_token[0].secret_string_wo_version == 2
    error_message = "the version must rise"
  }
}
