# A task reads its secrets once, when it starts. After a rotation the old password opens no new connection, so the tasks
# are started anew: EventBridge hears of the rotation and a state machine of one step calls UpdateService. No function to keep up.

locals {
  redeploys = length(var.redeploy_on_rotation) > 0
}

resource "aws_cloudwatch_event_rule" "rotated" {
  count = local.redeploys ? 1 : 0

  name        = "${var.name}-secret-rotated"
  description = "A secret of ${var.service_name} has a new value"

  event_pattern = jsonencode({
    source      = ["aws.secretsmanager"]
    detail-type = ["AWS Service Event via CloudTrail"]
    detail = {
      eventName           = ["RotationSucceeded"]
      additionalEventData = { SecretId = var.redeploy_on_rotation }
    }
  })
}

resource "aws_cloudwatch_event_target" "redeploy" {
  count = local.redeploys ? 1 : 0

  rule     = aws_cloudwatch_event_rule.rotated[0].name
  arn      = aws_sfn_state_machine.redeploy[0].arn
  role_arn = aws_iam_role.redeploy[0].arn
}

resource "aws_sfn_state_machine" "redeploy" {
  # checkov:skip=CKV_AWS_284:one step
  # checkov:skip=CKV_AWS_285:one step, whose history Step Functions keeps for 90 days

  count = local.redeploys ? 1 : 0

  name     = "${var.name}-redeploy"
  type     = "STANDARD"
  role_arn = aws_iam_role.redeploy[0].arn

  definition = jsonencode({
    Comment = "Starts the tasks anew after a rotation"
    StartAt = "Redeploy"
    States = {
      Redeploy = {
        Type     = "Task"
        Resource = "arn:${data.aws_partition.here.partition}:states:::aws-sdk:ecs:updateService"
        Parameters = {
          Cluster            = aws_ecs_cluster.this.name
          Service            = aws_ecs_service.api.name
          ForceNewDeployment = true
        }
        # Nobody needs the service's whole description in the history.
        ResultPath = null
        Retry      = [{ ErrorEquals = ["States.TaskFailed"], IntervalSeconds = 30, MaxAttempts = 5, BackoffRate = 2 }]
        End        = true
      }
    }
  })
}

resource "aws_iam_role" "redeploy" {
  count = local.redeploys ? 1 : 0

  name                 = "${var.name}-redeploy"
  description          = "Starts the tasks of ${var.service_name} anew after a rotation"
  permissions_boundary = local.boundary

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = ["events.amazonaws.com", "states.amazonaws.com"] }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "redeploy" {
  count = local.redeploys ? 1 : 0

  name = "redeploy"
  role = aws_iam_role.redeploy[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["states:StartExecution"], Resource = [aws_sfn_state_machine.redeploy[0].arn] },
      { Effect = "Allow", Action = ["ecs:UpdateService"], Resource = [aws_ecs_service.api.arn] },
    ]
  })
}
