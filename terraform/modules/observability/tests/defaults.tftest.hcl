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

run "each_alarm_links_to_its_chapter" {
  assert {
    condition     = alltrue([for key, alarm in aws_cloudwatch_metric_alarm.this : endswith(alarm.alarm_description, "/docs/runbook.md#${key}") && alarm.alarm_name == "todo-test-${key}"])
    error_message = "whoever is woken must find what to do"
  }

  assert {
    condition     = length(output.alarm_names) == 12 && output.alarm_names["api-unwell"] == "todo-test-api-unwell"
    error_message = "there must be twelve alarms"
  }
}

run "one_message_says_that_the_api_is_unwell" {
  assert {
    condition     = alltrue([for part in ["api-errors", "api-unhealthy", "api-unreachable", "api-tasks"] : strcontains(aws_cloudwatch_composite_alarm.api_unwell.alarm_rule, "ALARM(\"todo-test-${part}\")")])
    error_message = "each of the four makes it unwell"
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.this["api-unhealthy"].alarm_actions) == 0 && length(aws_cloudwatch_metric_alarm.api_errors.alarm_actions == null ? [] : aws_cloudwatch_metric_alarm.api_errors.alarm_actions) == 0
    error_message = "its parts must be silent by themselves"
  }

  assert {
    condition     = aws_cloudwatch_composite_alarm.api_unwell.alarm_actions == toset([output.topic_arn]) && aws_cloudwatch_metric_alarm.this["api-slow"].alarm_actions == toset([output.topic_arn])
    error_message = "it and all others must tell"
  }
}

run "errors_are_a_share_and_not_a_number" {
  assert {
    condition     = one([for query in aws_cloudwatch_metric_alarm.api_errors.metric_query : query.expression if query.id == "share"]) == "IF(answers >= 20, 100 * errors / answers, 0)" && aws_cloudwatch_metric_alarm.api_errors.threshold == 5
    error_message = "five per cent, from 20 answers a minute"
  }

  assert {
    condition     = toset(output.rollback_alarm_names) == toset(["todo-test-api-errors", "todo-test-api-unreachable"])
    error_message = "a deployment is undone by what a bad revision does at once"
  }
}

run "no_task_is_no_silence" {
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["api-tasks"].treat_missing_data == "breaching" && aws_cloudwatch_metric_alarm.this["api-tasks"].comparison_operator == "LessThanThreshold" && aws_cloudwatch_metric_alarm.this["api-tasks"].threshold == 2
    error_message = "fewer than two, or none counted"
  }
}

run "the_sites_alarm_is_where_its_numbers_are" {
  assert {
    condition     = aws_cloudwatch_metric_alarm.site_errors.region == "us-east-1" && aws_cloudwatch_metric_alarm.site_errors.alarm_actions == toset([aws_sns_topic.alarms["us-east-1"].arn]) && aws_cloudwatch_metric_alarm.site_errors.dimensions.Region == "Global"
    error_message = "CloudFront's metrics are in us-east-1 alone"
  }

  assert {
    condition     = toset(keys(aws_sns_topic.alarms)) == toset(["eu-west-1", "us-east-1"]) && alltrue([for region, topic in aws_sns_topic.alarms : topic.kms_master_key_id == aws_kms_key.alarms[region].arn])
    error_message = "a topic in each region, under its own key"
  }

  assert {
    condition     = aws_kms_key.alarms["eu-west-1"].enable_key_rotation && jsondecode(aws_kms_key.alarms["eu-west-1"].policy).Statement[1].Condition.StringEquals["aws:SourceAccount"] == "123456789012"
    error_message = "this account's alarms alone may use the key"
  }
}

run "one_look_shows_all" {
  assert {
    condition     = length(jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets) == 8
    error_message = "eight charts"
  }

  assert {
    condition     = toset(keys(aws_cloudwatch_query_definition.this)) == toset(["errors", "slowest", "by-path", "by-task", "starting"]) && aws_cloudwatch_query_definition.this["errors"].log_group_names == tolist(["/ecs/todo-api"])
    error_message = "five saved queries on the API's log"
  }

  assert {
    condition     = length(aws_sns_topic_subscription.email) == 0 && length(aws_budgets_budget.monthly) == 0 && length(aws_chatbot_slack_channel_configuration.this) == 0
    error_message = "nobody is told who is not named"
  }
}
