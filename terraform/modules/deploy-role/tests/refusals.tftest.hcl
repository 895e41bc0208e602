# Each validation refuses what AWS would refuse later, or would take to nobody's joy.

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

run "a_role_by_arn" {
  command         = plan
  expect_failures = [var.role_name]

  variables {
    role_name = "arn:aws:iam::123456789012:role/deploy"
  }
}

run "no_repository" {
  command         = plan
  expect_failures = [var.repository_arns]

  variables {
    repository_arns = []
  }
}

run "a_cluster_by_name" {
  command         = plan
  expect_failures = [var.cluster_arn]

  variables {
    cluster_arn = "todo-app-cluster"
  }
}

run "a_service_by_arn" {
  command         = plan
  expect_failures = [var.service_name]

  variables {
    service_name = "arn:aws:ecs:eu-west-1:123456789012:service/todo/api"
  }
}

run "a_family_with_a_revision" {
  command         = plan
  expect_failures = [var.task_definition_family]

  variables {
    task_definition_family = "todo-api:7"
  }
}

run "a_role_by_name" {
  command         = plan
  expect_failures = [var.task_role_arns]

  variables {
    task_role_arns = ["todo-task"]
  }
}

run "a_log_by_name" {
  command         = plan
  expect_failures = [var.log_group_arn]

  variables {
    log_group_arn = "/ecs/todo-api"
  }
}

run "a_bucket_by_name" {
  command         = plan
  expect_failures = [var.bucket_arn]

  variables {
    bucket_arn = "todo-web"
  }
}

run "a_distribution_by_id" {
  command         = plan
  expect_failures = [var.distribution_arn]

  variables {
    distribution_arn = "E1"
  }
}

run "a_secret_by_name" {
  command         = plan
  expect_failures = [var.readable_secret_arns]

  variables {
    readable_secret_arns = ["todo-db"]
  }
}
