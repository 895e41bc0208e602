# What the API's tasks are made of and run as. The cluster and the service are not here: see the README.

resource "aws_ecr_repository" "api" {
  name = "${var.name}/api"
  # A tag names one commit's image, for ever: what was deployed can be found again.
  image_tag_mutability = "IMMUTABLE"

  image_scanning_configuration {
    scan_on_push = true
  }
}

resource "aws_ecr_lifecycle_policy" "api" {
  repository = aws_ecr_repository.api.name
  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "Keep the last ten images"
      selection = {
        tagStatus   = "any"
        countType   = "imageCountMoreThan"
        countNumber = 10
      }
      action = { type = "expire" }
    }]
  })
}

resource "aws_cloudwatch_log_group" "api" {
  name              = "/ecs/${var.name}-api"
  retention_in_days = var.log_retention_days
}

locals {
  assumed_by_tasks = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
    }]
  })
}

# ECS itself is this role: it pulls the image, reads the secrets, writes the logs.
resource "aws_iam_role" "execution" {
  name               = "${var.name}-api-execution"
  assume_role_policy = local.assumed_by_tasks
}

resource "aws_iam_role_policy" "execution" {
  name = "start-the-api"
  role = aws_iam_role.execution.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "LogInToEcr"
        Effect   = "Allow"
        Action   = "ecr:GetAuthorizationToken"
        Resource = "*"
      },
      {
        Sid      = "PullTheImage"
        Effect   = "Allow"
        Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        Resource = aws_ecr_repository.api.arn
      },
      {
        Sid      = "WriteLogs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.api.arn}:*"
      },
      {
        Sid    = "ReadSecrets"
        Effect = "Allow"
        Action = "secretsmanager:GetSecretValue"
        # The database makes its own secret, whose name begins with `rds!`.
        Resource = [aws_secretsmanager_secret.bearer_token.arn, "arn:aws:secretsmanager:${var.aws_region}:*:secret:rds!*"]
      },
    ]
  })
}

# The API itself is this role. It calls nothing of AWS, so it may do nothing.
resource "aws_iam_role" "task" {
  name               = "${var.name}-api-task"
  assume_role_policy = local.assumed_by_tasks
}

resource "aws_secretsmanager_secret" "bearer_token" {
  name        = "${var.name}/bearer-token"
  description = "Token that machines authenticate with."
  # A local secret that is deleted is gone at once, so that its name is free for the next run.
  recovery_window_in_days = 0
}

resource "aws_secretsmanager_secret_version" "bearer_token" {
  # Whether there is a token is no secret, and `count` must not depend on one.
  count = nonsensitive(var.bearer_token != "") ? 1 : 0

  secret_id     = aws_secretsmanager_secret.bearer_token.id
  secret_string = var.bearer_token
}
