locals {
  # Title, metrics and how each is reckoned; two to a row.
  charts = [
    { title = "Answers of the API", stat = "Sum", region = local.here, metrics = [for code in ["2XX", "4XX", "5XX"] : ["AWS/ApplicationELB", "HTTPCode_Target_${code}_Count", "LoadBalancer", var.load_balancer_arn_suffix]] },
    { title = "Seconds to answer, 95 of 100", stat = "p95", region = local.here, metrics = [["AWS/ApplicationELB", "TargetResponseTime", "LoadBalancer", var.load_balancer_arn_suffix]] },
    { title = "Tasks: CPU and memory, per cent", stat = "Average", region = local.here, metrics = [for metric in ["CPUUtilization", "MemoryUtilization"] : ["AWS/ECS", metric, "ClusterName", var.cluster_name, "ServiceName", var.service_name]] },
    { title = "Tasks: well and unwell", stat = "Maximum", region = local.here, metrics = [for metric in ["HealthyHostCount", "UnHealthyHostCount"] : ["AWS/ApplicationELB", metric, "TargetGroup", var.target_group_arn_suffix, "LoadBalancer", var.load_balancer_arn_suffix]] },
    { title = "Database: CPU and capacity, per cent", stat = "Average", region = local.here, metrics = [for metric in ["CPUUtilization", "ACUUtilization"] : ["AWS/RDS", metric, "DBClusterIdentifier", var.database_cluster_identifier]] },
    { title = "Database: connections", stat = "Maximum", region = local.here, metrics = [["AWS/RDS", "DatabaseConnections", "DBClusterIdentifier", var.database_cluster_identifier]] },
    { title = "Site: requests", stat = "Sum", region = "us-east-1", metrics = [["AWS/CloudFront", "Requests", "DistributionId", var.distribution_id, "Region", "Global"]] },
    { title = "Site: errors, per cent", stat = "Average", region = "us-east-1", metrics = [for metric in ["4xxErrorRate", "5xxErrorRate"] : ["AWS/CloudFront", metric, "DistributionId", var.distribution_id, "Region", "Global"]] },
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name

  dashboard_body = jsonencode({
    widgets = [for i, chart in local.charts : {
      type   = "metric"
      x      = 12 * (i % 2)
      y      = 6 * floor(i / 2)
      width  = 12
      height = 6
      properties = {
        title   = chart.title
        region  = chart.region
        stat    = chart.stat
        period  = 60
        view    = "timeSeries"
        metrics = chart.metrics
      }
    }]
  })
}

# Log lines are JSON with level, message and what the event has: path, status, ms.
resource "aws_cloudwatch_query_definition" "this" {
  for_each = {
    errors   = "fields @timestamp, message, reason, path, status\n| filter level = 'error'\n| sort @timestamp desc\n| limit 100"
    slowest  = "fields @timestamp, path, status, ms\n| filter ispresent(ms)\n| sort ms desc\n| limit 50"
    by-path  = "filter ispresent(path)\n| stats count(*) as answers, avg(ms) as average, pct(ms, 95) as p95 by path\n| sort answers desc"
    by-task  = "stats count(*) as lines, sum(level = 'error') as errors by @logStream\n| sort errors desc"
    starting = "fields @timestamp, @logStream, message, version\n| filter ispresent(version)\n| sort @timestamp desc\n| limit 50"
  }

  name            = "${var.name}/${each.key}"
  log_group_names = [var.log_group_name]
  query_string    = each.value
}
