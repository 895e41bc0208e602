output "topic_arn" {
  description = "Where alarms of the stack's region are told."
  value       = aws_sns_topic.alarms[local.here].arn
}

output "alarm_names" {
  description = "Every alarm, by its chapter in the runbook."
  value = merge(
    { for key, alarm in aws_cloudwatch_metric_alarm.this : key => alarm.alarm_name },
    {
      api-errors  = aws_cloudwatch_metric_alarm.api_errors.alarm_name
      api-unwell  = aws_cloudwatch_composite_alarm.api_unwell.alarm_name
      site-errors = aws_cloudwatch_metric_alarm.site_errors.alarm_name
    },
  )
}

output "rollback_alarm_names" {
  description = "The alarms that undo a deployment: what goes wrong at once when a revision is bad, and hardly otherwise."
  value       = [aws_cloudwatch_metric_alarm.api_errors.alarm_name, aws_cloudwatch_metric_alarm.this["api-unreachable"].alarm_name]
}

output "dashboard_url" {
  description = "The dashboard in the console."
  value       = "https://${local.here}.console.aws.amazon.com/cloudwatch/home?region=${local.here}#dashboards/dashboard/${aws_cloudwatch_dashboard.this.dashboard_name}"
}
