# Applies. It makes roles, so it could make itself an administrator: a boundary, prefixes and denials stand against that.

locals {
  # What no role that it makes can ever do, whatever is attached to the role.
  boundary_statements = [
    { Sid = "EverythingBut", Effect = "Allow", NotAction = ["account:*", "iam:*", "organizations:*", "sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"], Resource = ["*"] },
    { Sid = "NotTheState", Effect = "Deny", Action = ["s3:*"], Resource = [aws_s3_bucket.state.arn, "${aws_s3_bucket.state.arn}/*"] },
    { Sid = "NotItsKey", Effect = "Deny", Action = ["kms:*"], Resource = [aws_kms_key.state.arn] },
  ]

  # The services of the stack, by the name that IAM has for them.
  services = [
    "acm", "application-autoscaling", "budgets", "chatbot", "cloudfront", "cloudwatch", "cognito-idp", "ec2", "ecr", "ecs",
    "elasticloadbalancing", "events", "kms", "logs", "rds", "route53", "s3", "secretsmanager", "sns", "states",
  ]
}

resource "aws_iam_policy" "boundary" {
  for_each = var.environments

  name        = "${var.project}-ci-${each.key}-boundary"
  description = "What no role of ${var.project}-${each.key} can do, whatever is attached to it"
  policy      = jsonencode({ Version = "2012-10-17", Statement = local.boundary_statements })
}

# It makes and changes all that the stack is made of, and each such service asks for some right on everything. What matters
# is fenced by the statements below it: regions, roles, the state, bootstrap's own.
resource "aws_iam_role_policy" "infra" {
  for_each = var.environments

  name = "apply"
  role = aws_iam_role.ci["${each.key}-infra"].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      # CloudFront, Route 53, IAM and budgets are asked in us-east-1, wherever one is.
      { Sid = "Services", Effect = "Allow", Action = [for service in local.services : "${service}:*"], Resource = ["*"], Condition = { StringEquals = { "aws:RequestedRegion" = distinct([var.aws_region, "us-east-1"]) } } },
      { Sid = "LookAtRoles", Effect = "Allow", Action = ["iam:Get*", "iam:List*"], Resource = ["*"] },
      # A role only within the boundary, and only under the stack's name.
      {
        Sid       = "MakeRoles"
        Effect    = "Allow"
        Action    = ["iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PutRolePermissionsBoundary"]
        Resource  = ["arn:${local.partition}:iam::${local.account}:role/${var.project}-${each.key}-*"]
        Condition = { StringEquals = { "iam:PermissionsBoundary" = aws_iam_policy.boundary[each.key].arn } }
      },
      {
        Sid      = "ChangeRoles"
        Effect   = "Allow"
        Action   = ["iam:DeleteRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:TagRole", "iam:UntagRole", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole", "iam:UpdateRoleDescription"]
        Resource = ["arn:${local.partition}:iam::${local.account}:role/${var.project}-${each.key}-*"]
      },
      {
        Sid       = "HandOverRoles"
        Effect    = "Allow"
        Action    = ["iam:PassRole"]
        Resource  = ["arn:${local.partition}:iam::${local.account}:role/${var.project}-${each.key}-*"]
        Condition = { StringEquals = { "iam:PassedToService" = ["chatbot.amazonaws.com", "ecs-tasks.amazonaws.com", "ecs.amazonaws.com", "events.amazonaws.com", "monitoring.rds.amazonaws.com", "states.amazonaws.com", "vpc-flow-logs.amazonaws.com"] } }
      },
      # The pipeline's rights on this stack come with the stack (module deploy-role).
      { Sid = "GrantDeploy", Effect = "Allow", Action = ["iam:PutRolePolicy", "iam:DeleteRolePolicy"], Resource = [aws_iam_role.ci["${each.key}-deploy"].arn] },
      # Roles that AWS makes for its own services.
      { Sid = "ServiceRoles", Effect = "Allow", Action = ["iam:CreateServiceLinkedRole"], Resource = ["arn:${local.partition}:iam::${local.account}:role/aws-service-role/*"] },
      local.state_statements[each.key].list,
      { Sid = "WriteState", Effect = "Allow", Action = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], Resource = ["${aws_s3_bucket.state.arn}/${each.key}/*"] },
      local.state_statements[each.key].key,
      # What bootstrap made is bootstrap's.
      { Sid = "NotTheBucket", Effect = "Deny", NotAction = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket", "s3:GetBucketLocation"], Resource = [aws_s3_bucket.state.arn, "${aws_s3_bucket.state.arn}/*"] },
      { Sid = "NotOthersStates", Effect = "Deny", Action = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], NotResource = ["${aws_s3_bucket.state.arn}/${each.key}/*", "arn:${local.partition}:s3:::${var.project}-${each.key}-*/*"] },
      { Sid = "NotTheKey", Effect = "Deny", NotAction = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"], Resource = [aws_kms_key.state.arn] },
      { Sid = "NoSecretIsReadByApplying", Effect = "Deny", Action = ["secretsmanager:GetSecretValue"], Resource = ["*"] },
      { Sid = "NoUsersNoKeys", Effect = "Deny", Action = ["iam:CreateUser", "iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:DeleteRolePermissionsBoundary", "iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion"], Resource = ["*"] },
    ]
  })
}
