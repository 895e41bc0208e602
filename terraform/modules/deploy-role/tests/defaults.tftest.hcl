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

run "each_program_has_its_own_policy" {
  command = plan

  assert {
    condition     = toset(keys(aws_iam_role_policy.program)) == toset(["build-push", "ecs-rollout", "migrate", "web-publish"])
    error_message = "a policy a program"
  }

  assert {
    condition     = toset(one([for statement in jsondecode(aws_iam_role_policy.program["build-push"].policy).Statement : statement.Resource if statement.Sid == "Push"])) == toset(var.repository_arns)
    error_message = "the named repositories alone"
  }

  assert {
    condition     = alltrue([for policy in aws_iam_role_policy.program : !strcontains(policy.policy, "secretsmanager:")])
    error_message = "no secret may be looked at unless it is named"
  }

  assert {
    condition     = alltrue([for policy in aws_iam_role_policy.program : !strcontains(policy.policy, "$${")])
    error_message = "no placeholder is left"
  }

  assert {
    condition     = sum([for policy in aws_iam_role_policy.program : length(policy.policy)]) < 10240
    error_message = "IAM takes 10,240 characters of inline policies a role"
  }
}

run "everything_is_scoped_to_this_stack" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for policy in aws_iam_role_policy.program : [
        for statement in jsondecode(policy.policy).Statement : contains(["Login", "TaskDefinitions", "ListTasks", "LookEverywhere"], statement.Sid)
        if contains(statement.Resource, "*")
      ]
    ]))
    error_message = "only what AWS gives no resource may be allowed on everything"
  }

  assert {
    condition     = one([for statement in jsondecode(aws_iam_role_policy.program["migrate"].policy).Statement : statement.Condition.ArnEquals["ecs:cluster"] if statement.Sid == "ListTasks"]) == var.cluster_arn
    error_message = "tasks of this cluster alone"
  }

  assert {
    condition     = one([for statement in jsondecode(aws_iam_role_policy.program["ecs-rollout"].policy).Statement : statement.Resource if statement.Sid == "Deploy"]) == ["arn:aws:ecs:eu-west-1:123456789012:service/todo-app-cluster/todo-api-service"]
    error_message = "this service alone"
  }

  assert {
    condition     = one([for statement in jsondecode(aws_iam_role_policy.program["migrate"].policy).Statement : statement.Resource if statement.Sid == "Run"]) == ["arn:aws:ecs:eu-west-1:123456789012:task-definition/todo-api-migrate:*"]
    error_message = "this family alone"
  }
}

run "no_role_is_reached_by_way_of_a_container" {
  command = plan

  assert {
    condition = alltrue([
      for program in ["ecs-rollout", "migrate"] :
      one([for statement in jsondecode(aws_iam_role_policy.program[program].policy).Statement : statement if statement.Sid == "HandOverRoles"]).Condition.StringEquals["iam:PassedToService"] == "ecs-tasks.amazonaws.com"
    ])
    error_message = "roles go to tasks alone"
  }

  assert {
    condition = alltrue(flatten([
      for policy in aws_iam_role_policy.program : [
        for statement in jsondecode(policy.policy).Statement : [for action in statement.Action : !strcontains(action, "*") && (!startswith(action, "iam:") || contains(["iam:GetRole", "iam:PassRole"], action))]
      ]
    ]))
    error_message = "no star, and nothing of IAM but looking at the roles and handing them over"
  }
}
