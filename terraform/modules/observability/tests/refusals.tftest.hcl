# Each validation refuses what AWS would refuse later, or would take to nobody's joy.

mock_provider "aws" {
  source = "../../tests/aws"
}

variables {
  name                        = "todo-test"
  cluster_name                = "todo-app-cluster"
  service_name                = "todo-api-service"
  log_group_name              = "/ecs/todo-api"
  load_balancer_arn_suffix    = "app/todo-test-alb/1"
  target_group_arn_suffix     = "targetgroup/todo-test-api/1"
  database_cluster_identifier = "todo-test"
  distribution_id             = "E1"
}

run "a_name_in_capitals" {
  command         = plan
  expect_failures = [var.name]

  variables {
    name = "Todo"
  }
}

run "no_cluster" {
  command         = plan
  expect_failures = [var.cluster_name]

  variables {
    cluster_name = ""
  }
}

run "no_service" {
  command         = plan
  expect_failures = [var.service_name]

  variables {
    service_name = ""
  }
}

run "no_log" {
  command         = plan
  expect_failures = [var.log_group_name]

  variables {
    log_group_name = ""
  }
}

run "a_network_load_balancer" {
  command         = plan
  expect_failures = [var.load_balancer_arn_suffix]

  variables {
    load_balancer_arn_suffix = "net/todo/1"
  }
}

run "a_whole_arn" {
  command         = plan
  expect_failures = [var.target_group_arn_suffix]

  variables {
    target_group_arn_suffix = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/todo/1"
  }
}

run "no_database" {
  command         = plan
  expect_failures = [var.database_cluster_identifier]

  variables {
    database_cluster_identifier = ""
  }
}

run "no_distribution" {
  command         = plan
  expect_failures = [var.distribution_id]

  variables {
    distribution_id = ""
  }
}

run "an_address_without_a_domain" {
  command         = plan
  expect_failures = [var.emails]

  variables {
    emails = ["ops"]
  }
}

run "a_channel_without_a_workspace" {
  command         = plan
  expect_failures = [var.slack]

  variables {
    slack = { channel_id = "C1" }
  }
}

run "a_runbook_without_tls" {
  command         = plan
  expect_failures = [var.runbook_url]

  variables {
    runbook_url = "http://wiki/runbook"
  }
}

run "half_a_task" {
  command         = plan
  expect_failures = [var.minimum_tasks]

  variables {
    minimum_tasks = 1.5
  }
}

run "a_threshold_of_nothing" {
  command         = plan
  expect_failures = [var.thresholds]

  variables {
    thresholds = { api_seconds = 0 }
  }
}

run "more_than_a_hundred_per_cent" {
  command         = plan
  expect_failures = [var.thresholds]

  variables {
    thresholds = { api_cpu_percent = 120 }
  }
}

run "a_budget_below_zero" {
  command         = plan
  expect_failures = [var.monthly_budget]

  variables {
    monthly_budget = -1
    emails         = ["ops@todo.example"]
  }
}

run "a_budget_that_tells_nobody" {
  command         = plan
  expect_failures = [var.monthly_budget]

  variables {
    monthly_budget = 100
  }
}

run "a_boundary_by_name" {
  command         = plan
  expect_failures = [var.permissions_boundary_arn]

  variables {
    permissions_boundary_arn = "todo-boundary"
  }
}
