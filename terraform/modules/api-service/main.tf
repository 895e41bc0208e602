data "aws_region" "here" {}

data "aws_partition" "here" {}

locals {
  environment = merge(
    {
      PORT       = tostring(var.container_port)
      NODE_ENV   = "production"
      LOG_LEVEL  = "info"
      LOG_FORMAT = "json"
      TZ         = "UTC"
    },
    var.environment,
  )

  shifts_traffic = var.strategy != "rolling"
}

resource "aws_ecs_cluster" "this" {
  # checkov:skip=CKV_AWS_224:execute_command is off by default; its log has the key of the log group
  # checkov:skip=CKV_AWS_65:container_insights is enabled by default

  name = var.cluster_name

  setting {
    name  = "containerInsights"
    value = var.container_insights
  }

  configuration {
    execute_command_configuration {
      logging = "OVERRIDE"

      log_configuration {
        cloud_watch_log_group_name = aws_cloudwatch_log_group.api.name
      }
    }
  }
}

resource "aws_ecs_cluster_capacity_providers" "this" {
  cluster_name       = aws_ecs_cluster.this.name
  capacity_providers = ["FARGATE", "FARGATE_SPOT"]

  default_capacity_provider_strategy {
    capacity_provider = "FARGATE"
    weight            = 1
  }
}

resource "aws_cloudwatch_log_group" "api" {
  name              = "/ecs/${var.family}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_kms_key_arn == "" ? null : var.log_kms_key_arn
}

resource "aws_ecs_task_definition" "api" {
  family                   = var.family
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = tostring(var.cpu)
  memory                   = tostring(var.memory)
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.task.arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.architecture
  }

  container_definitions = jsonencode([merge(
    {
      name                   = var.container_name
      image                  = var.image
      essential              = true
      readonlyRootFilesystem = var.readonly_root_filesystem
      stopTimeout            = var.stop_timeout
      portMappings           = [{ name = "http", containerPort = var.container_port, protocol = "tcp" }]
      environment            = [for key in sort(keys(local.environment)) : { name = key, value = local.environment[key] }]
      secrets                = [for key in sort(keys(var.secrets)) : { name = key, valueFrom = var.secrets[key] }]
      linuxParameters        = { initProcessEnabled = true }

      logConfiguration = {
        logDriver = "awslogs"
        options = {
          awslogs-group         = aws_cloudwatch_log_group.api.name
          awslogs-region        = data.aws_region.here.region
          awslogs-stream-prefix = var.container_name
          # A log that cannot be written away must not hold up the API.
          mode            = "non-blocking"
          max-buffer-size = "10m"
        }
      }
    },
    length(var.health_check_command) == 0 ? {} : {
      healthCheck = { command = var.health_check_command, interval = 30, timeout = 5, retries = 3, startPeriod = 10 }
    },
  )])

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_ecs_service" "api" {
  name                              = var.service_name
  cluster                           = aws_ecs_cluster.this.arn
  task_definition                   = aws_ecs_task_definition.api.arn
  desired_count                     = var.desired_count
  health_check_grace_period_seconds = 60
  enable_execute_command            = var.execute_command
  enable_ecs_managed_tags           = true
  propagate_tags                    = "SERVICE"
  availability_zone_rebalancing     = "ENABLED"

  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  dynamic "alarms" {
    for_each = length(var.rollback_alarm_names) > 0 ? toset(["alarms"]) : toset([])

    content {
      alarm_names = var.rollback_alarm_names
      enable      = true
      rollback    = true
    }
  }

  deployment_configuration {
    strategy             = { rolling = "ROLLING", blue-green = "BLUE_GREEN", canary = "CANARY", linear = "LINEAR" }[var.strategy]
    bake_time_in_minutes = tostring(var.bake_minutes)

    dynamic "canary_configuration" {
      for_each = var.strategy == "canary" ? toset(["canary"]) : toset([])

      content {
        canary_percent              = var.traffic_shift.percent
        canary_bake_time_in_minutes = tostring(var.traffic_shift.minutes)
      }
    }

    dynamic "linear_configuration" {
      for_each = var.strategy == "linear" ? toset(["linear"]) : toset([])

      content {
        step_percent              = var.traffic_shift.percent
        step_bake_time_in_minutes = tostring(var.traffic_shift.minutes)
      }
    }
  }

  # Not launch_type: this is how Spot can be had too.
  dynamic "capacity_provider_strategy" {
    for_each = { for provider, weight in { FARGATE = 100 - var.spot_percent, FARGATE_SPOT = var.spot_percent } : provider => weight if weight > 0 }

    content {
      capacity_provider = capacity_provider_strategy.key
      weight            = capacity_provider_strategy.value
    }
  }

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [var.security_group_id]
    assign_public_ip = false
  }

  load_balancer {
    target_group_arn = var.target_group_arn
    container_name   = var.container_name
    container_port   = var.container_port

    dynamic "advanced_configuration" {
      for_each = local.shifts_traffic ? toset(["shift"]) : toset([])

      content {
        alternate_target_group_arn = var.alternate_target_group_arn
        production_listener_rule   = var.production_listener_rule_arn
        role_arn                   = aws_iam_role.traffic[0].arn
      }
    }
  }

  lifecycle {
    # The pipeline's: which revision runs. Autoscaling's: how many tasks.
    ignore_changes = [task_definition, desired_count]
  }

  depends_on = [
    aws_ecs_cluster_capacity_providers.this,
    # Without its policy the first task cannot pull its image.
    aws_iam_role_policy.execution,
  ]
}
