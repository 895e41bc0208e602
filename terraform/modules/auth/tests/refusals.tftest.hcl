# Each validation refuses what AWS would refuse later, or would take to nobody's joy.

mock_provider "aws" {
  source = "../../tests/aws"
}

variables {
  name          = "todo-test"
  domain_prefix = "todo-test"
  callback_urls = ["https://todo.example/callback"]
  logout_urls   = []
}

run "a_name_in_capitals" {
  command         = plan
  expect_failures = [var.name]

  variables {
    name = "Todo"
  }
}

run "a_domain_that_aws_keeps" {
  command         = plan
  expect_failures = [var.domain_prefix]

  variables {
    domain_prefix = "todo-aws"
  }
}

run "a_callback_without_tls" {
  command         = plan
  expect_failures = [var.callback_urls]

  variables {
    callback_urls = ["http://todo.example/callback"]
  }
}

run "a_logout_to_anywhere" {
  command         = plan
  expect_failures = [var.logout_urls]

  variables {
    logout_urls = ["https://*.example/"]
  }
}

run "a_factor_that_does_not_exist" {
  command         = plan
  expect_failures = [var.mfa]

  variables {
    mfa = "SMS"
  }
}

run "a_token_for_two_days" {
  command         = plan
  expect_failures = [var.token_minutes]

  variables {
    token_minutes = 2880
  }
}

run "signed_in_for_no_day" {
  command         = plan
  expect_failures = [var.refresh_days]

  variables {
    refresh_days = 0
  }
}
