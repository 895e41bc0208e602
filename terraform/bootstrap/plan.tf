# Plans and drift: reads everything that the stack is made of, and no content. Somebody's pull request runs as this role.

locals {
  # Describing is not reading: no secret's value, no object, no row, no log line.
  reads = [
    "acm:DescribeCertificate", "acm:ListCertificates", "acm:ListTagsForCertificate",
    "application-autoscaling:Describe*", "application-autoscaling:ListTagsForResource",
    "budgets:DescribeBudget*", "budgets:ViewBudget", "budgets:ListTagsForResource",
    "chatbot:Describe*", "chatbot:List*",
    "cloudfront:Describe*", "cloudfront:Get*", "cloudfront:List*",
    "cloudwatch:Describe*", "cloudwatch:GetDashboard", "cloudwatch:ListTagsForResource",
    "cognito-idp:Describe*", "cognito-idp:GetUserPoolMfaConfig", "cognito-idp:ListTagsForResource",
    "ec2:Describe*", "ec2:GetManagedPrefixListEntries",
    "ecr:Describe*", "ecr:GetLifecyclePolicy", "ecr:GetRepositoryPolicy", "ecr:ListTagsForResource",
    "ecs:Describe*", "ecs:List*",
    "elasticloadbalancing:Describe*",
    "events:Describe*", "events:List*",
    "iam:Get*", "iam:List*",
    "kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:List*",
    "logs:Describe*", "logs:GetDelivery*", "logs:ListTagsForResource", "logs:ListTagsLogGroup",
    "rds:Describe*", "rds:ListTagsForResource",
    "route53:Get*", "route53:List*",
    "s3:GetAccelerateConfiguration", "s3:GetBucket*", "s3:GetEncryptionConfiguration", "s3:GetLifecycleConfiguration",
    "s3:GetReplicationConfiguration", "s3:ListBucket",
    "secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy", "secretsmanager:ListSecretVersionIds",
    "sns:Get*", "sns:List*",
    "states:Describe*", "states:List*",
    "sts:GetCallerIdentity",
  ]

  # Its own state and the lock beside it; a plan takes the lock and gives it back.
  state_statements = {
    for environment in keys(var.environments) : environment => {
      list = { Sid = "FindState", Effect = "Allow", Action = ["s3:ListBucket"], Resource = [aws_s3_bucket.state.arn], Condition = { StringLike = { "s3:prefix" = ["${environment}/*"] } } }
      read = { Sid = "ReadState", Effect = "Allow", Action = ["s3:GetObject"], Resource = ["${aws_s3_bucket.state.arn}/${environment}/*"] }
      lock = { Sid = "Lock", Effect = "Allow", Action = ["s3:PutObject", "s3:DeleteObject"], Resource = ["${aws_s3_bucket.state.arn}/${environment}/*.tflock", "${aws_s3_bucket.state.arn}/${environment}/*.holder.json"] }
      key  = { Sid = "OpenState", Effect = "Allow", Action = ["kms:Decrypt", "kms:GenerateDataKey"], Resource = [aws_kms_key.state.arn] }
    }
  }
}

resource "aws_iam_role_policy" "plan" {
  for_each = var.environments

  name = "plan"
  role = aws_iam_role.ci["${each.key}-plan"].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Sid = "Look", Effect = "Allow", Action = local.reads, Resource = ["*"] },
      local.state_statements[each.key].list,
      local.state_statements[each.key].read,
      local.state_statements[each.key].lock,
      local.state_statements[each.key].key,
      # Whatever else is ever attached to it.
      { Sid = "NoContent", Effect = "Deny", Action = ["secretsmanager:GetSecretValue", "ssm:GetParameter*", "logs:GetLogEvents", "logs:FilterLogEvents", "dynamodb:GetItem"], Resource = ["*"] },
    ]
  })
}
