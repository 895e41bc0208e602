output "arn" {
  description = "The load balancer."
  value       = aws_lb.this.arn
}

output "arn_suffix" {
  description = "Its name in metrics."
  value       = aws_lb.this.arn_suffix
}

output "dns_name" {
  description = "Its name in DNS. Nothing but CloudFront reaches it."
  value       = aws_lb.this.dns_name
}

output "zone_id" {
  description = "The zone of that name, for an alias record."
  value       = aws_lb.this.zone_id
}

output "port" {
  description = "The port on which CloudFront reaches it."
  value       = local.port
}

output "protocol" {
  description = "http-only or https-only, as CloudFront says it."
  value       = local.https ? "https-only" : "http-only"
}

output "target_group_arn" {
  description = "Where the API's tasks are registered."
  value       = aws_lb_target_group.this["api"].arn
}

output "target_group_arn_suffixes" {
  description = "The target groups' names in metrics."
  value       = [for group in aws_lb_target_group.this : group.arn_suffix]
}

output "alternate_target_group_arn" {
  description = "The second target group; empty without one."
  value       = var.second_target_group ? aws_lb_target_group.this["api-2"].arn : ""
}

output "production_listener_rule_arn" {
  description = "The rule whose weights a blue-green deployment shifts."
  value       = aws_lb_listener_rule.api.arn
}

output "access_logs_bucket" {
  description = "Where access logs go; empty without them."
  value       = var.access_logs ? aws_s3_bucket.logs[0].id : ""
}
