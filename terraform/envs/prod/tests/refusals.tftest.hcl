# Each validation refuses what AWS would refuse later, or would take to nobody's joy.

mock_provider "aws" {
  source = "../../tests/aws"
}

# The inputs are what is tried here, not the stack.
override_module {
  target = module.stack
}

variables {
  allowed_account_ids = ["123456789012"]
}

run "a_region_that_is_a_zone" {
  command         = plan
  expect_failures = [var.aws_region]

  variables {
    aws_region = "eu-west-1a"
  }
}

run "an_account_by_name" {
  command         = plan
  expect_failures = [var.allowed_account_ids]

  variables {
    allowed_account_ids = ["todo"]
  }
}

run "a_role_by_arn" {
  command         = plan
  expect_failures = [var.deploy_role_name]

  variables {
    deploy_role_name = "arn:aws:iam::123456789012:role/deploy"
  }
}

run "a_boundary_by_name" {
  command         = plan
  expect_failures = [var.permissions_boundary_arn]

  variables {
    permissions_boundary_arn = "todo-boundary"
  }
}

run "an_address_without_a_domain" {
  command         = plan
  expect_failures = [var.emails]

  variables {
    emails = ["ops"]
  }
}

run "a_token_that_can_be_guessed" {
  command         = plan
  expect_failures = [var.bearer_token]

  variables {
    bearer_token = "secret"
  }
}

run "half_a_version" {
  command         = plan
  expect_failures = [var.bearer_token_version]

  variables {
    bearer_token_version = 0.5
  }
}

run "a_domain_without_a_certificate" {
  command         = plan
  expect_failures = [var.web]

  variables {
    web = { domain_names = ["todo.example"] }
  }
}

run "a_budget_that_tells_nobody" {
  command         = plan
  expect_failures = [var.monthly_budget]

  variables {
    monthly_budget = 100
  }
}
