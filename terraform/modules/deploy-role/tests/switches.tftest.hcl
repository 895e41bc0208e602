mock_provider "aws" {
  source = "../../tests/aws"
}

variables {
  role_name              = "todo-ci-test-deploy"
  repository_arns        = ["arn:aws:ecr:eu-west-1:123456789012:repository/todo-api", "arn:aws:ecr:eu-west-1:123456789012:repository/todo-api-cache"]
  cluster_arn            = "arn:aws:ecs:eu-west-1:123456789012:cluster/todo-app-cluster"
  service_name           = "todo-api-service"
  task_definition_family = "todo-api"
  task_role_arns         = ["arn:aws:iam::123456789012:role/todo-test-execution", "arn:aws:iam::123456789012:role/todo-test-task"]
  log_group_arn          = "arn:aws:logs:eu-west-1:123456789012:log-group:/ecs/todo-api"
  bucket_arn             = "arn:aws:s3:::todo-test-web-123456789012"
  distribution_arn       = "arn:aws:cloudfront::123456789012:distribution/E1"
}

run "secrets_that_may_be_read" {
  command = plan

  variables {
    readable_secret_arns = ["arn:aws:secretsmanager:eu-west-1:123456789012:secret:todo-AbCdEf"]
  }

  assert {
    condition     = tolist(jsondecode(aws_iam_role_policy.program["render-env"].policy).Statement[0].Resource) == var.readable_secret_arns
    error_message = "the named ones alone"
  }
}
