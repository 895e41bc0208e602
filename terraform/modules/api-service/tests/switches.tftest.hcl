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

run "secrets_are_injected_by_key" {
  # From nothing: what the pipeline owns is not looked at again.
  state_key = "secrets"

  variables {
    environment = { DB_HOST = "db", LOG_LEVEL = "debug" }
    secrets = {
      DB_PASSWORD = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf:password::"
      DB_USER     = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf:username::"
    }
    kms_key_arns = ["arn:aws:kms:eu-west-1:123456789012:key/1"]
  }

  assert {
    condition     = tomap({ for secret in jsondecode(aws_ecs_task_definition.api.container_definitions)[0].secrets : secret.name => secret.valueFrom }) == var.secrets
    error_message = "each secret by its key"
  }

  assert {
    condition     = one([for statement in jsondecode(aws_iam_role_policy.execution.policy).Statement : statement.Resource if statement.Sid == "Secrets"]) == ["arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf"]
    error_message = "the right to read that secret, and no other"
  }

  assert {
    condition     = one([for statement in jsondecode(aws_iam_role_policy.execution.policy).Statement : statement.Action if statement.Sid == "Keys"]) == ["kms:Decrypt"]
    error_message = "and to open it"
  }

  assert {
    condition     = one([for variable in jsondecode(aws_ecs_task_definition.api.container_definitions)[0].environment : variable.value if variable.name == "LOG_LEVEL"]) == "debug" && anytrue([for variable in jsondecode(aws_ecs_task_definition.api.container_definitions)[0].environment : variable.name == "DB_HOST"])
    error_message = "variables are added, or take the place of the given ones"
  }
}

run "blue_green" {
  state_key = "blue_green"

  variables {
    strategy                     = "blue-green"
    bake_minutes                 = 10
    alternate_target_group_arn   = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/todo-api-2/1"
    production_listener_rule_arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener-rule/app/todo/1/2/3"
    rollback_alarm_names         = ["todo-test-api-errors"]
  }

  assert {
    condition     = aws_ecs_service.api.deployment_configuration[0].strategy == "BLUE_GREEN" && aws_ecs_service.api.deployment_configuration[0].bake_time_in_minutes == "10"
    error_message = "all traffic at once, watched for ten minutes"
  }

  assert {
    condition     = one(aws_ecs_service.api.load_balancer).advanced_configuration[0].production_listener_rule == var.production_listener_rule_arn && one(aws_ecs_service.api.load_balancer).advanced_configuration[0].role_arn == aws_iam_role.traffic[0].arn
    error_message = "ECS must be told what to shift, and be allowed to"
  }

  assert {
    condition     = aws_ecs_service.api.alarms[0].rollback && aws_ecs_service.api.alarms[0].alarm_names == toset(["todo-test-api-errors"])
    error_message = "an alarm must undo the deployment"
  }
}

run "canary" {
  state_key = "canary"

  variables {
    strategy                     = "canary"
    traffic_shift                = { percent = 5, minutes = 15 }
    alternate_target_group_arn   = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/todo-api-2/1"
    production_listener_rule_arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener-rule/app/todo/1/2/3"
  }

  assert {
    condition     = aws_ecs_service.api.deployment_configuration[0].strategy == "CANARY" && aws_ecs_service.api.deployment_configuration[0].canary_configuration[0].canary_percent == 5 && aws_ecs_service.api.deployment_configuration[0].canary_configuration[0].canary_bake_time_in_minutes == "15"
    error_message = "five per cent for a quarter of an hour"
  }
}

run "linear" {
  state_key = "linear"

  variables {
    strategy                     = "linear"
    traffic_shift                = { percent = 25 }
    alternate_target_group_arn   = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/todo-api-2/1"
    production_listener_rule_arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener-rule/app/todo/1/2/3"
  }

  assert {
    condition     = aws_ecs_service.api.deployment_configuration[0].strategy == "LINEAR" && aws_ecs_service.api.deployment_configuration[0].linear_configuration[0].step_percent == 25 && length(aws_ecs_service.api.deployment_configuration[0].canary_configuration) == 0
    error_message = "a quarter a step"
  }
}

run "a_task_of_its_own" {
  state_key = "own"

  variables {
    cluster_name             = "shop"
    service_name             = "shop-api"
    family                   = "shop-api"
    container_name           = "web"
    cpu                      = 1024
    memory                   = 4096
    architecture             = "ARM64"
    container_port           = 3000
    health_check_command     = ["CMD", "/api", "health"]
    readonly_root_filesystem = false
    stop_timeout             = 60
    spot_percent             = 80
    desired_count            = 3
    scaling                  = { min = 1, max = 10, cpu_percent = 50 }
    container_insights       = "enhanced"
    log_retention_days       = 90
    log_kms_key_arn          = "arn:aws:kms:eu-west-1:123456789012:key/1"
    permissions_boundary_arn = "arn:aws:iam::123456789012:policy/todo-boundary"
  }

  assert {
    condition     = aws_ecs_task_definition.api.cpu == "1024" && aws_ecs_task_definition.api.memory == "4096" && aws_ecs_task_definition.api.runtime_platform[0].cpu_architecture == "ARM64" && aws_cloudwatch_log_group.api.name == "/ecs/shop-api"
    error_message = "size, architecture and name must be used"
  }

  assert {
    condition     = jsondecode(aws_ecs_task_definition.api.container_definitions)[0].healthCheck.command == ["CMD", "/api", "health"] && jsondecode(aws_ecs_task_definition.api.container_definitions)[0].stopTimeout == 60 && !jsondecode(aws_ecs_task_definition.api.container_definitions)[0].readonlyRootFilesystem
    error_message = "the container must be as asked for"
  }

  assert {
    condition     = one(aws_ecs_service.api.load_balancer).container_port == 3000 && one(aws_ecs_service.api.load_balancer).container_name == "web"
    error_message = "the load balancer must find the container"
  }

  assert {
    condition     = { for provider in aws_ecs_service.api.capacity_provider_strategy : provider.capacity_provider => provider.weight } == { FARGATE = 20, FARGATE_SPOT = 80 }
    error_message = "four of five tasks on Spot"
  }

  assert {
    condition     = aws_appautoscaling_target.api.min_capacity == 1 && aws_appautoscaling_target.api.max_capacity == 10 && aws_appautoscaling_policy.api["cpu"].target_tracking_scaling_policy_configuration[0].target_value == 50
    error_message = "scaling must be as asked for"
  }

  assert {
    condition     = alltrue([for role in [aws_iam_role.execution, aws_iam_role.task] : role.permissions_boundary == var.permissions_boundary_arn]) && aws_cloudwatch_log_group.api.kms_key_id == var.log_kms_key_arn
    error_message = "boundary and key must be used"
  }
}

run "a_shell_and_rights_of_its_own" {
  variables {
    execute_command = true
    task_statements = [{ actions = ["s3:GetObject"], resources = ["arn:aws:s3:::files/*"] }]
  }

  assert {
    condition     = aws_ecs_service.api.enable_execute_command && length(jsondecode(aws_iam_role_policy.task[0].policy).Statement) == 3
    error_message = "the API's right, the shell's, and the log's"
  }

  assert {
    condition     = jsondecode(aws_iam_role_policy.task[0].policy).Statement[0].Action == ["s3:GetObject"]
    error_message = "the API's right must be the one that was asked for"
  }
}

run "a_rotation_starts_the_tasks_anew" {
  variables {
    redeploy_on_rotation = ["arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!cluster-1"]
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.rotated[0].event_pattern).detail.eventName == ["RotationSucceeded"] && tolist(jsondecode(aws_cloudwatch_event_rule.rotated[0].event_pattern).detail.additionalEventData.SecretId) == var.redeploy_on_rotation
    error_message = "that secret's rotation, when it has succeeded"
  }

  assert {
    condition     = jsondecode(aws_sfn_state_machine.redeploy[0].definition).States.Redeploy.Parameters == { Cluster = "todo-app-cluster", Service = "todo-api-service", ForceNewDeployment = true }
    error_message = "this service, and nothing but started anew"
  }

  assert {
    condition     = jsondecode(aws_iam_role_policy.redeploy[0].policy).Statement[1].Resource == [aws_ecs_service.api.arn]
    error_message = "this service alone may be touched"
  }
}
