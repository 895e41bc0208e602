locals {
  boundary = var.permissions_boundary_arn == "" ? null : var.permissions_boundary_arn

  # `arn:json-key:stage:version` without what is not the ARN.
  secret_arns = distinct([for from in values(var.secrets) : join(":", slice(split(":", from), 0, 7))])

  tasks_trust = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

# What ECS does before the container runs: image, secrets, log.
resource "aws_iam_role" "execution" {
  name                 = "${var.name}-execution"
  description          = "ECS starts the tasks of ${var.service_name}"
  permissions_boundary = local.boundary
  assume_role_policy   = local.tasks_trust
}

resource "aws_iam_role_policy" "execution" {
  name = "start-tasks"
  role = aws_iam_role.execution.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        # AWS has no resource for this one.
        { Sid = "Registry", Effect = "Allow", Action = ["ecr:GetAuthorizationToken"], Resource = ["*"] },
        {
          Sid      = "Image"
          Effect   = "Allow"
          Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
          Resource = var.repository_arns
        },
        {
          Sid      = "Log"
          Effect   = "Allow"
          Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
          Resource = ["${aws_cloudwatch_log_group.api.arn}:*"]
        },
      ],
      [for arns in [local.secret_arns] : { Sid = "Secrets", Effect = "Allow", Action = ["secretsmanager:GetSecretValue"], Resource = arns } if length(arns) > 0],
      [for arns in [var.kms_key_arns] : { Sid = "Keys", Effect = "Allow", Action = ["kms:Decrypt"], Resource = arns } if length(arns) > 0],
    )
  })
}

# What the API itself does in AWS: nothing, unless it is asked for.
resource "aws_iam_role" "task" {
  name                 = "${var.name}-task"
  description          = "The API of ${var.service_name} itself"
  permissions_boundary = local.boundary
  assume_role_policy   = local.tasks_trust
}

locals {
  task_statements = concat(
    [for statement in var.task_statements : { Effect = "Allow", Action = statement.actions, Resource = statement.resources }],
    [for on in [var.execute_command] : {
      Effect   = "Allow"
      Action   = ["ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel"]
      Resource = ["*"]
    } if on],
    [for on in [var.execute_command] : {
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
      Resource = ["${aws_cloudwatch_log_group.api.arn}:*"]
    } if on],
  )
}

resource "aws_iam_role_policy" "task" {
  count = length(var.task_statements) > 0 || var.execute_command ? 1 : 0

  name = "api"
  role = aws_iam_role.task.id

  policy = jsonencode({ Version = "2012-10-17", Statement = local.task_statements })
}

# ECS shifts the weights of the listener's rule.
resource "aws_iam_role" "traffic" {
  count = local.shifts_traffic ? 1 : 0

  name                 = "${var.name}-traffic"
  description          = "ECS shifts traffic between the target groups of ${var.service_name}"
  permissions_boundary = local.boundary

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ecs.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy_attachment" "traffic" {
  count = local.shifts_traffic ? 1 : 0

  role       = aws_iam_role.traffic[0].name
  policy_arn = "arn:${data.aws_partition.here.partition}:iam::aws:policy/AmazonECSInfrastructureRolePolicyForLoadBalancers"
}
