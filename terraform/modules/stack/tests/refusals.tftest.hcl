# Each validation refuses what AWS would refuse later, or would take to nobody's joy.

mock_provider "aws" {
  source = "../../tests/aws"
}

# The inputs are what is tried here, not the parts.
override_module {
  target = module.network
  outputs = {
    nat_public_ips = []
  }
}

override_module {
  target = module.registry
}

override_module {
  target = module.database

  outputs = {
    endpoint        = "db"
    port            = 5432
    database_name   = "todo_db"
    master_username = "todo_admin"
    secret_arn      = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!1"
  }
}

override_module {
  target = module.secrets

  outputs = {
    container_secrets = {}
  }
}

override_module {
  target = module.load_balancer
  outputs = {
    target_group_arn_suffixes = ["targetgroup/todo/1"]
  }
}

override_module {
  target = module.web

  outputs = {
    url = "https://site"
  }
}

override_module {
  target = module.auth

  outputs = {
    user_pool_id = "pool"
    client_id    = "client"
    issuer       = "https://issuer"
    login_url    = "https://login"
  }
}

override_module {
  target = module.observability
}

override_module {
  target = module.api_service
}

override_module {
  target = module.deploy_role
}

variables {
  name = "todo-test"
}

run "a_name_with_two_hyphens" {
  command         = plan
  expect_failures = [var.name]

  variables {
    name = "todo--test"
  }
}

run "a_cluster_with_a_blank" {
  command         = plan
  expect_failures = [var.cluster_name]

  variables {
    cluster_name = "todo cluster"
  }
}

run "a_service_with_a_slash" {
  command         = plan
  expect_failures = [var.service_name]

  variables {
    service_name = "todo/api"
  }
}

run "a_family_in_capitals" {
  command         = plan
  expect_failures = [var.family]

  variables {
    family = "Todo"
  }
}

run "nat_of_an_unknown_kind" {
  command         = plan
  expect_failures = [var.nat]

  variables {
    nat = "two"
  }
}

run "facing_the_internet_without_a_certificate" {
  command         = plan
  expect_failures = [var.load_balancer]

  variables {
    load_balancer = { exposure = "internet-facing" }
    origin_secret = "0123456789abcdef0123456789abcdef"
  }
}

run "facing_the_internet_without_a_secret" {
  command         = plan
  expect_failures = [var.origin_secret]

  variables {
    load_balancer = { exposure = "internet-facing", certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/1", domain_name = "api.todo.example" }
  }
}

run "a_strategy_that_does_not_exist" {
  command         = plan
  expect_failures = [var.api]

  variables {
    api = { strategy = "all-at-once" }
  }
}

run "more_min_than_max" {
  command         = plan
  expect_failures = [var.database]

  variables {
    database = { min_capacity = 4, max_capacity = 2 }
  }
}

run "keeping_one_image" {
  command         = plan
  expect_failures = [var.keep_images]

  variables {
    keep_images = 1
  }
}

run "a_domain_without_a_certificate" {
  command         = plan
  expect_failures = [var.web]

  variables {
    web = { domain_names = ["todo.example"] }
  }
}

run "a_factor_that_does_not_exist" {
  command         = plan
  expect_failures = [var.auth]

  variables {
    auth = { mfa = "SMS" }
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

run "a_budget_that_tells_nobody" {
  command         = plan
  expect_failures = [var.observability]

  variables {
    observability = { monthly_budget = 100 }
  }
}

run "a_retention_that_does_not_exist" {
  command         = plan
  expect_failures = [var.log_retention_days]

  variables {
    log_retention_days = 31
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
