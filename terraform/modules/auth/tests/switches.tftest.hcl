mock_provider "aws" {
  source = "../../tests/aws"
}

variables {
  name          = "todo-test"
  domain_prefix = "todo-test"
  callback_urls = ["https://todo.example/callback", "http://localhost:5173/callback"]
  logout_urls   = []
}

run "by_invitation_with_a_second_factor" {
  variables {
    self_sign_up  = false
    mfa           = "ON"
    token_minutes = 15
    refresh_days  = 1
  }

  assert {
    condition     = aws_cognito_user_pool.this.admin_create_user_config[0].allow_admin_create_user_only && aws_cognito_user_pool.this.mfa_configuration == "ON"
    error_message = "an administrator invites, and everybody has a second factor"
  }

  assert {
    condition     = aws_cognito_user_pool_client.web.access_token_validity == 15 && aws_cognito_user_pool_client.web.refresh_token_validity == 1 && aws_cognito_user_pool_client.web.token_validity_units[0].access_token == "minutes"
    error_message = "minutes for tokens, days for staying signed in"
  }
}

run "a_pool_to_throw_away" {
  variables {
    mfa                 = "OFF"
    deletion_protection = false
  }

  assert {
    condition     = aws_cognito_user_pool.this.deletion_protection == "INACTIVE" && length(aws_cognito_user_pool.this.software_token_mfa_configuration) == 0
    error_message = "no protection, no second factor"
  }
}
