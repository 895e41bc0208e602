mock_provider "aws" {
  source = "../../tests/aws"
}

variables {
  name = "todo-test"
}

run "there_is_no_token_unless_asked_for" {
  # Terraform 1.11 forgets an ephemeral default between plan and apply of a test.
  command = plan

  assert {
    condition     = length(aws_secretsmanager_secret.bearer_token) == 0 && length(output.secret_arns) == 0 && output.bearer_token_secret_arn == "" && length(output.container_secrets) == 0
    error_message = "Cognito's tokens do without one"
  }
}
