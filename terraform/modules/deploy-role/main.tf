locals {
  # arn:aws:ecs:region:account:cluster/name
  ecs     = split(":cluster/", var.cluster_arn)[0]
  cluster = split(":cluster/", var.cluster_arn)[1]

  service         = "${local.ecs}:service/${local.cluster}/${var.service_name}"
  tasks           = "${local.ecs}:task/${local.cluster}/*"
  task_definition = "${local.ecs}:task-definition/${var.task_definition_family}:*"
  in_cluster      = { ArnEquals = { "ecs:cluster" = var.cluster_arn } }

  # A policy a program: what one of them needs is taken away with it.
  policies = {
    build-push = [
      # AWS has no resource for this one.
      { Sid = "Login", Effect = "Allow", Action = ["ecr:GetAuthorizationToken"], Resource = ["*"] },
      {
        Sid    = "PushAndPull"
        Effect = "Allow"
        Action = [
          "ecr:BatchCheckLayerAvailability",
          "ecr:BatchGetImage",
          "ecr:CompleteLayerUpload",
          "ecr:DescribeImageScanFindings",
          "ecr:DescribeImages",
          "ecr:DescribeRepositories",
          "ecr:GetDownloadUrlForLayer",
          "ecr:InitiateLayerUpload",
          "ecr:PutImage",
          "ecr:UploadLayerPart",
        ]
        Resource = var.repository_arns
      },
    ]

    # Shared by ecs-rollout and migrate: both look, and both register a revision that differs by its image.
    ecs = [
      # Neither reading nor registering a task definition can be limited to a family.
      { Sid = "TaskDefinitions", Effect = "Allow", Action = ["ecs:DescribeTaskDefinition", "ecs:ListTaskDefinitions", "ecs:RegisterTaskDefinition"], Resource = ["*"] },
      { Sid = "TagRevisions", Effect = "Allow", Action = ["ecs:TagResource"], Resource = [local.task_definition], Condition = { StringEquals = { "ecs:CreateAction" = ["RegisterTaskDefinition"] } } },
      { Sid = "Look", Effect = "Allow", Action = ["ecs:DescribeClusters", "ecs:DescribeServices", "ecs:DescribeTasks"], Resource = [var.cluster_arn, local.service, local.tasks] },
      { Sid = "ListTasks", Effect = "Allow", Action = ["ecs:ListTasks"], Resource = ["*"], Condition = local.in_cluster },
      # The roles of this service, to its tasks alone: nobody gets at another role by way of a container.
      { Sid = "HandOverRoles", Effect = "Allow", Action = ["iam:PassRole"], Resource = var.task_role_arns, Condition = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } } },
      { Sid = "ReadLog", Effect = "Allow", Action = ["logs:GetLogEvents"], Resource = ["${var.log_group_arn}:*"] },
    ]

    ecs-rollout = [
      { Sid = "Deploy", Effect = "Allow", Action = ["ecs:UpdateService"], Resource = [local.service] },
      {
        Sid      = "WatchAndStop"
        Effect   = "Allow"
        Action   = ["ecs:DescribeServiceDeployments", "ecs:DescribeServiceRevisions", "ecs:ListServiceDeployments", "ecs:StopServiceDeployment"]
        Resource = [local.service, "${local.ecs}:service-deployment/${local.cluster}/${var.service_name}/*", "${local.ecs}:service-revision/${local.cluster}/${var.service_name}/*"]
      },
    ]

    migrate = [
      { Sid = "Run", Effect = "Allow", Action = ["ecs:RunTask"], Resource = [local.task_definition], Condition = local.in_cluster },
      { Sid = "TagTasks", Effect = "Allow", Action = ["ecs:TagResource"], Resource = [local.tasks], Condition = { StringEquals = { "ecs:CreateAction" = ["RunTask"] } } },
      { Sid = "Stop", Effect = "Allow", Action = ["ecs:StopTask"], Resource = [local.tasks], Condition = local.in_cluster },
    ]

    web-publish = [
      { Sid = "List", Effect = "Allow", Action = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"], Resource = [var.bucket_arn] },
      { Sid = "Files", Effect = "Allow", Action = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"], Resource = ["${var.bucket_arn}/*"] },
      { Sid = "Invalidate", Effect = "Allow", Action = ["cloudfront:CreateInvalidation", "cloudfront:GetDistribution", "cloudfront:GetInvalidation"], Resource = [var.distribution_arn] },
    ]
  }

  render_env = [
    { Sid = "ReadSecrets", Effect = "Allow", Action = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"], Resource = var.readable_secret_arns },
  ]
}

resource "aws_iam_role_policy" "program" {
  for_each = local.policies

  name   = each.key
  role   = var.role_name
  policy = jsonencode({ Version = "2012-10-17", Statement = each.value })
}

resource "aws_iam_role_policy" "render_env" {
  count = length(var.readable_secret_arns) > 0 ? 1 : 0

  name   = "render-env"
  role   = var.role_name
  policy = jsonencode({ Version = "2012-10-17", Statement = local.render_env })
}
