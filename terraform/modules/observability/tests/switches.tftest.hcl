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

run "mail_slack_and_a_budget" {
  variables {
    emails                   = ["ops@todo.example"]
    slack                    = { team_id = "T1", channel_id = "C1" }
    monthly_budget           = 200
    permissions_boundary_arn = "arn:aws:iam::123456789012:policy/todo-boundary"
  }

  assert {
    condition     = length(aws_sns_topic_subscription.email) == 2 && alltrue([for subscription in aws_sns_topic_subscription.email : subscription.endpoint == "ops@todo.example"])
    error_message = "mail from both topics"
  }

  assert {
    condition     = aws_chatbot_slack_channel_configuration.this[0].slack_channel_id == "C1" && length(aws_chatbot_slack_channel_configuration.this[0].sns_topic_arns) >= 1 && aws_iam_role.slack[0].permissions_boundary == var.permissions_boundary_arn
    error_message = "the channel must hear of both"
  }

  assert {
    condition     = aws_budgets_budget.monthly[0].limit_amount == "200" && toset([for notification in aws_budgets_budget.monthly[0].notification : notification.notification_type]) == toset(["ACTUAL", "FORECASTED"])
    error_message = "spent and forecast must both tell"
  }
}

run "without_container_insights" {
  variables {
    minimum_tasks = 0
  }

  assert {
    condition     = !contains(keys(aws_cloudwatch_metric_alarm.this), "api-tasks") && !strcontains(aws_cloudwatch_composite_alarm.api_unwell.alarm_rule, "api-tasks")
    error_message = "an alarm without numbers would ring for ever"
  }
}

run "thresholds_and_a_runbook_of_its_own" {
  variables {
    thresholds = {
      api_error_percent         = 1
      api_seconds               = 0.3
      api_cpu_percent           = 60
      api_memory_percent        = 61
      database_cpu_percent      = 62
      database_capacity_percent = 63
      database_connections      = 64
      site_error_percent        = 2
    }
    runbook_url = "https://wiki.todo.example/runbook"
  }

  assert {
    condition     = [for key in ["api-slow", "api-cpu", "api-memory", "database-cpu", "database-capacity", "database-crowded"] : aws_cloudwatch_metric_alarm.this[key].threshold] == [0.3, 60, 61, 62, 63, 64]
    error_message = "each threshold must be used"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.api_errors.threshold == 1 && aws_cloudwatch_metric_alarm.site_errors.threshold == 2 && strcontains(aws_cloudwatch_metric_alarm.site_errors.alarm_description, "https://wiki.todo.example/runbook#site-errors")
    error_message = "errors and runbook must be used"
  }
}
