# Each validation refuses what AWS would refuse later, or would take to nobody's joy.

mock_provider "aws" {
  source = "../../tests/aws"
}

variables {
  name              = "todo-test"
  image             = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/todo-api:first"
  subnet_ids        = ["subnet-1", "subnet-2"]
  security_group_id = "sg-1"
  target_group_arn  = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/todo-api/1"
  repository_arns   = ["arn:aws:ecr:eu-west-1:123456789012:repository/todo-api"]
}

run "a_name_in_capitals" {
  command         = plan
  expect_failures = [var.name]

  variables {
    name = "Todo"
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

run "a_family_with_a_dot" {
  command         = plan
  expect_failures = [var.family]

  variables {
    family = "todo.api"
  }
}

run "a_container_without_a_name" {
  command         = plan
  expect_failures = [var.container_name]

  variables {
    container_name = ""
  }
}

run "the_latest_image" {
  command         = plan
  expect_failures = [var.image]

  variables {
    image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/todo-api:latest"
  }
}

run "one_subnet" {
  command         = plan
  expect_failures = [var.subnet_ids]

  variables {
    subnet_ids = ["subnet-1"]
  }
}

run "a_group_by_name" {
  command         = plan
  expect_failures = [var.security_group_id]

  variables {
    security_group_id = "api"
  }
}

run "a_target_group_by_name" {
  command         = plan
  expect_failures = [var.target_group_arn]

  variables {
    target_group_arn = "todo-api"
  }
}

run "a_strategy_that_does_not_exist" {
  command         = plan
  expect_failures = [var.strategy]

  variables {
    strategy = "all-at-once"
  }
}

run "blue_green_without_a_second_group" {
  command         = plan
  expect_failures = [var.alternate_target_group_arn]

  variables {
    strategy                     = "blue-green"
    production_listener_rule_arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener-rule/app/todo/1/2/3"
  }
}

run "canary_without_a_rule" {
  command         = plan
  expect_failures = [var.production_listener_rule_arn]

  variables {
    strategy                   = "canary"
    alternate_target_group_arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/todo-api-2/1"
  }
}

run "a_canary_of_one_per_cent" {
  command         = plan
  expect_failures = [var.traffic_shift]

  variables {
    traffic_shift = { percent = 1 }
  }
}

run "two_days_to_bake" {
  command         = plan
  expect_failures = [var.bake_minutes]

  variables {
    bake_minutes = 2880
  }
}

run "an_alarm_twice" {
  command         = plan
  expect_failures = [var.rollback_alarm_names]

  variables {
    rollback_alarm_names = ["errors", "errors"]
  }
}

run "cpu_that_fargate_has_not" {
  command         = plan
  expect_failures = [var.cpu]

  variables {
    cpu = 300
  }
}

run "memory_that_fargate_has_not_for_this_cpu" {
  command         = plan
  expect_failures = [var.memory]

  variables {
    memory = 4096
  }
}

run "an_architecture_that_does_not_exist" {
  command         = plan
  expect_failures = [var.architecture]

  variables {
    architecture = "RISCV"
  }
}

run "roots_port" {
  command         = plan
  expect_failures = [var.container_port]

  variables {
    container_port = 80
  }
}

run "a_variable_with_a_hyphen" {
  command         = plan
  expect_failures = [var.environment]

  variables {
    environment = { "log-level" = "info" }
  }
}

run "a_secret_in_clear" {
  command         = plan
  expect_failures = [var.environment]

  variables {
    environment = { DB_PASSWORD = "hunter2" }
  }
}

run "a_secret_by_name" {
  command         = plan
  expect_failures = [var.secrets]

  variables {
    secrets = { DB_PASSWORD = "todo-db" }
  }
}

run "a_variable_from_two_places" {
  command         = plan
  expect_failures = [var.secrets]

  variables {
    environment = { DB_USER = "todo" }
    secrets     = { DB_USER = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf:username::" }
  }
}

run "a_key_by_name" {
  command         = plan
  expect_failures = [var.kms_key_arns]

  variables {
    kms_key_arns = ["alias/secrets"]
  }
}

run "no_repository" {
  command         = plan
  expect_failures = [var.repository_arns]

  variables {
    repository_arns = []
  }
}

run "a_right_to_everything" {
  command         = plan
  expect_failures = [var.task_statements]

  variables {
    task_statements = [{ actions = ["s3:*"], resources = ["*"] }]
  }
}

run "a_check_without_its_kind" {
  command         = plan
  expect_failures = [var.health_check_command]

  variables {
    health_check_command = ["/api", "health"]
  }
}

run "a_second_to_stop" {
  command         = plan
  expect_failures = [var.stop_timeout]

  variables {
    stop_timeout = 1
  }
}

run "half_a_task" {
  command         = plan
  expect_failures = [var.desired_count]

  variables {
    desired_count = 0.5
  }
}

run "fewer_at_most_than_at_least" {
  command         = plan
  expect_failures = [var.scaling]

  variables {
    scaling = { min = 5, max = 3 }
  }
}

run "scaling_at_one_per_cent" {
  command         = plan
  expect_failures = [var.scaling]

  variables {
    scaling = { cpu_percent = 1 }
  }
}

run "more_than_all_on_spot" {
  command         = plan
  expect_failures = [var.spot_percent]

  variables {
    spot_percent = 101
  }
}

run "insights_of_an_unknown_kind" {
  command         = plan
  expect_failures = [var.container_insights]

  variables {
    container_insights = "on"
  }
}

run "a_rotation_by_name" {
  command         = plan
  expect_failures = [var.redeploy_on_rotation]

  variables {
    redeploy_on_rotation = ["todo-db"]
  }
}

run "a_retention_that_does_not_exist" {
  command         = plan
  expect_failures = [var.log_retention_days]

  variables {
    log_retention_days = 31
  }
}

run "a_log_key_by_name" {
  command         = plan
  expect_failures = [var.log_kms_key_arn]

  variables {
    log_kms_key_arn = "alias/logs"
  }
}

run "a_boundary_by_name" {
  command         = plan
  expect_failures = [var.permissions_boundary_arn]

  variables {
    permissions_boundary_arn = "todo-boundary"
  }
}
