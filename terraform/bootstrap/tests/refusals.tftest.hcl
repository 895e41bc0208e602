# Each validation refuses what AWS would refuse later, or would take to nobody's joy.

mock_provider "aws" {
  source = "../tests/aws"
}

variables {
  allowed_account_ids = ["123456789012"]
  environments        = { dev = { plan_subjects = ["repo:org/todo-actions:pull_request"], deploy_subjects = ["repo:org/todo-actions:environment:dev"], infra_subjects = ["repo:org/todo-actions:environment:dev"] } }
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

run "a_project_in_capitals" {
  command         = plan
  expect_failures = [var.project]

  variables {
    project = "Todo"
  }
}

run "an_environment_with_a_hyphen" {
  command         = plan
  expect_failures = [var.environments]

  variables {
    environments = { pre-prod = { plan_subjects = ["repo:org/todo-actions:pull_request"], deploy_subjects = ["repo:org/todo-actions:environment:dev"], infra_subjects = ["repo:org/todo-actions:environment:dev"] } }
  }
}

run "a_subject_for_every_branch" {
  command         = plan
  expect_failures = [var.environments]

  variables {
    environments = { dev = { plan_subjects = ["repo:org/todo-actions:*"], deploy_subjects = ["repo:org/todo-actions:environment:dev"], infra_subjects = ["repo:org/todo-actions:environment:dev"] } }
  }
}

run "a_pull_request_that_deploys" {
  command         = plan
  expect_failures = [var.environments]

  variables {
    environments = { dev = { plan_subjects = ["repo:org/todo-actions:pull_request"], deploy_subjects = ["repo:org/todo-actions:pull_request"], infra_subjects = ["repo:org/todo-actions:environment:dev"] } }
  }
}

run "a_role_that_nobody_may_take_on" {
  command         = plan
  expect_failures = [var.environments]

  variables {
    environments = { dev = { plan_subjects = [], deploy_subjects = ["repo:org/todo-actions:environment:dev"], infra_subjects = ["repo:org/todo-actions:environment:dev"] } }
  }
}

run "old_states_for_a_day" {
  command         = plan
  expect_failures = [var.old_states_days]

  variables {
    old_states_days = 1
  }
}

run "half_an_hour" {
  command         = plan
  expect_failures = [var.session_minutes]

  variables {
    session_minutes = 30
  }
}
