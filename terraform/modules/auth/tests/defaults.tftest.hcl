mock_provider "aws" {
  source = "../../tests/aws"
}

variables {
  name          = "todo-test"
  domain_prefix = "todo-test"
  callback_urls = ["https://todo.example/callback"]
  logout_urls   = ["https://todo.example/"]
}

run "the_pages_client_keeps_no_secret" {
  assert {
    condition     = !aws_cognito_user_pool_client.web.generate_secret && aws_cognito_user_pool_client.web.allowed_oauth_flows == toset(["code"])
    error_message = "a public client, by code, never by the implicit flow"
  }

  assert {
    condition     = aws_cognito_user_pool_client.web.callback_urls == toset(["https://todo.example/callback"]) && aws_cognito_user_pool_client.web.logout_urls == toset(["https://todo.example/"])
    error_message = "people may be sent to the page alone"
  }

  assert {
    condition     = aws_cognito_user_pool_client.web.prevent_user_existence_errors == "ENABLED" && aws_cognito_user_pool_client.web.enable_token_revocation
    error_message = "strangers may not learn who has an account, and tokens can be revoked"
  }
}

run "accounts_are_hard_to_take_over" {
  assert {
    condition     = aws_cognito_user_pool.this.password_policy[0].minimum_length >= 12 && aws_cognito_user_pool.this.mfa_configuration == "OPTIONAL" && aws_cognito_user_pool.this.software_token_mfa_configuration[0].enabled
    error_message = "long passwords, and a second factor for whoever wants it"
  }

  assert {
    condition     = one(aws_cognito_user_pool.this.account_recovery_setting[0].recovery_mechanism).name == "verified_email" && !aws_cognito_user_pool.this.username_configuration[0].case_sensitive
    error_message = "recovery by a verified address, whatever its case"
  }

  assert {
    condition     = aws_cognito_user_pool.this.deletion_protection == "ACTIVE"
    error_message = "the pool must not go by mistake"
  }
}

run "the_api_is_told_how_to_check_a_token" {
  assert {
    condition     = output.issuer == "https://cognito-idp.eu-west-1.amazonaws.com/${output.user_pool_id}" && output.jwks_url == "${output.issuer}/.well-known/jwks.json"
    error_message = "issuer and keys must be the pool's"
  }

  assert {
    condition     = output.login_url == "https://todo-test.auth.eu-west-1.amazoncognito.com"
    error_message = "people sign in at the domain"
  }
}
