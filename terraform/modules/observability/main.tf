data "aws_region" "here" {}

data "aws_caller_identity" "here" {}

data "aws_partition" "here" {}

locals {
  here = data.aws_region.here.region

  # CloudFront's metrics are in us-east-1, and an alarm tells topics of its own region alone.
  regions = toset(distinct([local.here, "us-east-1"]))

  subscriptions = { for pair in setproduct(local.regions, var.emails) : "${pair[0]} ${pair[1]}" => { region = pair[0], email = pair[1] } }
}

# Alarms cannot write to a topic under AWS's own key.
resource "aws_kms_key" "alarms" {
  for_each = local.regions

  region                  = each.key
  description             = "Messages of the alarms of ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = 7

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "TheAccountDecides"
        Effect    = "Allow"
        Principal = { AWS = "arn:${data.aws_partition.here.partition}:iam::${data.aws_caller_identity.here.account_id}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "AlarmsAndBudgetsEncrypt"
        Effect    = "Allow"
        Principal = { Service = ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"] }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.here.account_id } }
      },
    ]
  })
}

resource "aws_sns_topic" "alarms" {
  for_each = local.regions

  region            = each.key
  name              = "${var.name}-alarms"
  kms_master_key_id = aws_kms_key.alarms[each.key].arn
}

resource "aws_sns_topic_policy" "alarms" {
  for_each = local.regions

  region = each.key
  arn    = aws_sns_topic.alarms[each.key].arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AlarmsAndBudgetsPublish"
      Effect    = "Allow"
      Principal = { Service = ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"] }
      Action    = "sns:Publish"
      Resource  = aws_sns_topic.alarms[each.key].arn
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.here.account_id } }
    }]
  })
}

resource "aws_sns_topic_subscription" "email" {
  for_each = local.subscriptions

  region    = each.value.region
  topic_arn = aws_sns_topic.alarms[each.value.region].arn
  protocol  = "email"
  endpoint  = each.value.email
}

resource "aws_iam_role" "slack" {
  count = var.slack.team_id == "" ? 0 : 1

  name                 = "${var.name}-slack"
  description          = "What may be shown in Slack about an alarm"
  permissions_boundary = var.permissions_boundary_arn == "" ? null : var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "chatbot.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.here.account_id } }
    }]
  })
}

# The chart that a message shows, and no command that somebody types there.
resource "aws_iam_role_policy" "slack" {
  # checkov:skip=CKV_AWS_355:metrics and alarms have no resource to name for these

  count = var.slack.team_id == "" ? 0 : 1

  name = "show-charts"
  role = aws_iam_role.slack[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow"
      # Metrics and alarms have no resource to name for these.
      Action   = ["cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData", "cloudwatch:GetMetricWidgetImage"]
      Resource = ["*"]
    }]
  })
}

resource "aws_chatbot_slack_channel_configuration" "this" {
  count = var.slack.team_id == "" ? 0 : 1

  configuration_name    = "${var.name}-alarms"
  iam_role_arn          = aws_iam_role.slack[0].arn
  slack_team_id         = var.slack.team_id
  slack_channel_id      = var.slack.channel_id
  sns_topic_arns        = [for topic in aws_sns_topic.alarms : topic.arn]
  guardrail_policy_arns = ["arn:${data.aws_partition.here.partition}:iam::aws:policy/CloudWatchReadOnlyAccess"]
}

resource "aws_budgets_budget" "monthly" {
  count = var.monthly_budget > 0 ? 1 : 0

  name         = "${var.name}-monthly"
  budget_type  = "COST"
  time_unit    = "MONTHLY"
  limit_amount = tostring(var.monthly_budget)
  limit_unit   = "USD"

  notification {
    notification_type          = "ACTUAL"
    comparison_operator        = "GREATER_THAN"
    threshold                  = 80
    threshold_type             = "PERCENTAGE"
    subscriber_email_addresses = var.emails
  }

  notification {
    notification_type          = "FORECASTED"
    comparison_operator        = "GREATER_THAN"
    threshold                  = 100
    threshold_type             = "PERCENTAGE"
    subscriber_email_addresses = var.emails
  }
}
