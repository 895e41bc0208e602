# Each validation refuses what AWS would refuse later, or would take to nobody's joy.

mock_provider "aws" {
  source = "../../tests/aws"
}

variables {
  name = "todo-test"
}

run "a_name_in_capitals" {
  command         = plan
  expect_failures = [var.name]

  variables {
    name = "Todo"
  }
}

run "half_a_version" {
  command         = plan
  expect_failures = [var.bearer_token_version]

  variables {
    bearer_token_version = 0.5
  }
}

run "a_token_that_can_be_guessed" {
  command         = plan
  expect_failures = [var.bearer_token]

  variables {
    bearer_token = "secret"
  }
}

run "a_key_by_name" {
  command         = plan
  expect_failures = [var.kms_key_arn]

  variables {
    kms_key_arn = "alias/secrets"
  }
}

run "three_days_to_recover" {
  command         = plan
  expect_failures = [var.recovery_days]

  variables {
    recovery_days = 3
  }
}
