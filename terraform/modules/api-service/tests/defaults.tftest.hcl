mock_provider "aws" {
  source = "../../tests/aws"
}

variables {
  name              = "todo-test"
  image             = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/todo-api:first"
  subnet_ids        = ["subnet-1", "subnet-2"]
  security_group_id = "sg-1"
  target_group_arn  = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/todo-api/1"
  repository_arns   = ["arn:aws:ecr:eu-west-1:123456789012:repository/todo-api"]
}

run "the_services_names_are_those_that_the_pipeline_knows" {
  assert {
    condition     = output.cluster_name == "todo-app-cluster" && output.service_name == "todo-api-service" && output.task_definition_family == "todo-api" && output.container_name == "api"
    error_message = "the document's names"
  }

  assert {
    condition     = aws_ecs_cluster_capacity_providers.this.capacity_providers == toset(["FARGATE", "FARGATE_SPOT"]) && one(aws_ecs_service.api.capacity_provider_strategy).capacity_provider == "FARGATE"
    error_message = "both providers are there, and FARGATE is used"
  }
}

run "the_service_rolls_back_by_itself" {
  assert {
    condition     = aws_ecs_service.api.deployment_circuit_breaker[0].enable && aws_ecs_service.api.deployment_circuit_breaker[0].rollback
    error_message = "the circuit breaker must roll back"
  }

  assert {
    condition     = aws_ecs_service.api.desired_count == 2 && aws_ecs_service.api.deployment_minimum_healthy_percent == 100 && aws_ecs_service.api.deployment_maximum_percent == 200 && aws_ecs_service.api.deployment_configuration[0].strategy == "ROLLING"
    error_message = "two tasks, never fewer, at most four"
  }

  assert {
    condition     = !aws_ecs_service.api.network_configuration[0].assign_public_ip && !aws_ecs_service.api.enable_execute_command
    error_message = "no public address, no shell"
  }
}

run "the_task_is_the_documents" {
  assert {
    condition     = aws_ecs_task_definition.api.cpu == "256" && aws_ecs_task_definition.api.memory == "512" && aws_ecs_task_definition.api.network_mode == "awsvpc"
    error_message = "256 and 512, awsvpc"
  }

  assert {
    condition = { for variable in jsondecode(aws_ecs_task_definition.api.container_definitions)[0].environment : variable.name => variable.value } == {
      LOG_FORMAT = "json"
      LOG_LEVEL  = "info"
      NODE_ENV   = "production"
      PORT       = "8080"
      TZ         = "UTC"
    }
    error_message = "the document's environment"
  }

  assert {
    condition     = jsondecode(aws_ecs_task_definition.api.container_definitions)[0].logConfiguration.options["awslogs-group"] == aws_cloudwatch_log_group.api.name && aws_cloudwatch_log_group.api.retention_in_days == 30
    error_message = "its log, for 30 days"
  }

  assert {
    condition     = jsondecode(aws_ecs_task_definition.api.container_definitions)[0].readonlyRootFilesystem && !can(jsondecode(aws_ecs_task_definition.api.container_definitions)[0].healthCheck)
    error_message = "it writes nothing, and needs no curl"
  }
}

run "two_to_four_tasks_by_cpu_and_memory" {
  assert {
    condition     = aws_appautoscaling_target.api.min_capacity == 2 && aws_appautoscaling_target.api.max_capacity == 4
    error_message = "never fewer than it begins with"
  }

  assert {
    condition     = { for name, policy in aws_appautoscaling_policy.api : name => policy.target_tracking_scaling_policy_configuration[0].target_value } == { cpu = 70, memory = 80 }
    error_message = "70 % CPU, 80 % memory"
  }
}

run "the_roles_have_what_they_need_and_no_more" {
  assert {
    condition     = length(aws_iam_role_policy.task) == 0
    error_message = "the API itself may do nothing in AWS"
  }

  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.execution.policy).Statement : statement.Sid] == ["Registry", "Image", "Log"]
    error_message = "without secrets and keys there is no right to read any"
  }

  assert {
    condition     = one([for statement in jsondecode(aws_iam_role_policy.execution.policy).Statement : statement.Resource if statement.Sid == "Image"]) == ["arn:aws:ecr:eu-west-1:123456789012:repository/todo-api"]
    error_message = "images come from the named repository alone"
  }

  assert {
    condition     = alltrue([for statement in jsondecode(aws_iam_role_policy.execution.policy).Statement : statement.Resource != ["*"] || statement.Action == ["ecr:GetAuthorizationToken"]])
    error_message = "no right on everything but the one that AWS gives no resource"
  }

  assert {
    condition     = length(aws_sfn_state_machine.redeploy) == 0 && length(aws_iam_role.traffic) == 0
    error_message = "no machinery that is not asked for"
  }
}
