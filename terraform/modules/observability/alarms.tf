locals {
  ecs      = { ClusterName = var.cluster_name, ServiceName = var.service_name }
  alb      = { LoadBalancer = var.load_balancer_arn_suffix }
  target   = { LoadBalancer = var.load_balancer_arn_suffix, TargetGroup = var.target_group_arn_suffix }
  database = { DBClusterIdentifier = var.database_cluster_identifier }
  site     = { DistributionId = var.distribution_id, Region = "Global" }

  # Each is a chapter of the runbook. `part_of` belongs to "the API is unwell", which then tells in its place: one message, not four.
  alarms = merge(
    {
      api-unhealthy     = { says = "A task of the API fails its health check", part_of = true, namespace = "AWS/ApplicationELB", metric = "UnHealthyHostCount", dimensions = local.target, statistic = "Maximum", above = 0, seconds = 60, of = 3, missing = "notBreaching" }
      api-unreachable   = { says = "The load balancer itself answers with errors: no task takes the request", part_of = true, namespace = "AWS/ApplicationELB", metric = "HTTPCode_ELB_5XX_Count", dimensions = local.alb, statistic = "Sum", above = 10, seconds = 60, of = 3, missing = "notBreaching" }
      api-slow          = { says = "One answer of twenty takes longer than it should", part_of = false, namespace = "AWS/ApplicationELB", metric = "TargetResponseTime", dimensions = local.target, statistic = "p95", above = var.thresholds.api_seconds, seconds = 60, of = 5, missing = "notBreaching" }
      api-cpu           = { says = "The tasks use up their CPU, and autoscaling does not keep up", part_of = false, namespace = "AWS/ECS", metric = "CPUUtilization", dimensions = local.ecs, statistic = "Average", above = var.thresholds.api_cpu_percent, seconds = 300, of = 3, missing = "notBreaching" }
      api-memory        = { says = "The tasks are about to run out of memory", part_of = false, namespace = "AWS/ECS", metric = "MemoryUtilization", dimensions = local.ecs, statistic = "Average", above = var.thresholds.api_memory_percent, seconds = 300, of = 3, missing = "notBreaching" }
      database-cpu      = { says = "The database uses up its CPU", part_of = false, namespace = "AWS/RDS", metric = "CPUUtilization", dimensions = local.database, statistic = "Average", above = var.thresholds.database_cpu_percent, seconds = 300, of = 3, missing = "notBreaching" }
      database-capacity = { says = "The database is at the upper end of its ACUs", part_of = false, namespace = "AWS/RDS", metric = "ACUUtilization", dimensions = local.database, statistic = "Average", above = var.thresholds.database_capacity_percent, seconds = 300, of = 6, missing = "notBreaching" }
      database-crowded  = { says = "The database is about to refuse connections", part_of = false, namespace = "AWS/RDS", metric = "DatabaseConnections", dimensions = local.database, statistic = "Maximum", above = var.thresholds.database_connections, seconds = 60, of = 5, missing = "notBreaching" }
    },
    var.minimum_tasks == 0 ? {} : {
      # No number at all is no task at all.
      api-tasks = { says = "Fewer tasks run than should", part_of = true, namespace = "ECS/ContainerInsights", metric = "RunningTaskCount", dimensions = local.ecs, statistic = "Minimum", above = 0, seconds = 60, of = 5, missing = "breaching" }
    },
  )
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name        = "${var.name}-${each.key}"
  alarm_description = "${each.value.says}. What to do: ${var.runbook_url}#${each.key}"

  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  period              = each.value.seconds
  evaluation_periods  = each.value.of
  datapoints_to_alarm = each.value.of
  treat_missing_data  = each.value.missing

  # A percentile is a statistic of another name.
  statistic          = startswith(each.value.statistic, "p") ? null : each.value.statistic
  extended_statistic = startswith(each.value.statistic, "p") ? each.value.statistic : null

  # Tasks are counted from below.
  comparison_operator = each.key == "api-tasks" ? "LessThanThreshold" : "GreaterThanThreshold"
  threshold           = each.key == "api-tasks" ? var.minimum_tasks : each.value.above

  alarm_actions = each.value.part_of ? [] : [aws_sns_topic.alarms[local.here].arn]
  ok_actions    = each.value.part_of ? [] : [aws_sns_topic.alarms[local.here].arn]
}

# A share, not a number: ten errors are many of twenty answers and few of a million. Below twenty a minute it says nothing.
resource "aws_cloudwatch_metric_alarm" "api_errors" {
  alarm_name          = "${var.name}-api-errors"
  alarm_description   = "The API answers with errors. What to do: ${var.runbook_url}#api-errors"
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.thresholds.api_error_percent
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  treat_missing_data  = "notBreaching"

  metric_query {
    id          = "share"
    expression  = "IF(answers >= 20, 100 * errors / answers, 0)"
    label       = "answers with 5xx, per cent"
    return_data = true
  }

  metric_query {
    id = "errors"

    metric {
      namespace   = "AWS/ApplicationELB"
      metric_name = "HTTPCode_Target_5XX_Count"
      dimensions  = local.alb
      period      = 60
      stat        = "Sum"
    }
  }

  metric_query {
    id = "answers"

    metric {
      namespace   = "AWS/ApplicationELB"
      metric_name = "RequestCount"
      dimensions  = local.alb
      period      = 60
      stat        = "Sum"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "site_errors" {
  region = "us-east-1"

  alarm_name          = "${var.name}-site-errors"
  alarm_description   = "CloudFront answers with errors. What to do: ${var.runbook_url}#site-errors"
  namespace           = "AWS/CloudFront"
  metric_name         = "5xxErrorRate"
  dimensions          = local.site
  statistic           = "Average"
  period              = 300
  evaluation_periods  = 2
  datapoints_to_alarm = 2
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.thresholds.site_error_percent
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms["us-east-1"].arn]
  ok_actions          = [aws_sns_topic.alarms["us-east-1"].arn]
}

locals {
  unwell = concat(
    [aws_cloudwatch_metric_alarm.api_errors.alarm_name],
    [for key, alarm in local.alarms : aws_cloudwatch_metric_alarm.this[key].alarm_name if alarm.part_of],
  )
}

resource "aws_cloudwatch_composite_alarm" "api_unwell" {
  alarm_name        = "${var.name}-api-unwell"
  alarm_description = "The API is unwell. What to do: ${var.runbook_url}#api-unwell"
  alarm_rule        = join(" OR ", [for name in local.unwell : "ALARM(\"${name}\")"])
  alarm_actions     = [aws_sns_topic.alarms[local.here].arn]
  ok_actions        = [aws_sns_topic.alarms[local.here].arn]
}
