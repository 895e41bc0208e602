mock_provider "aws" {
  source = "../../tests/aws"
}

variables {
  name              = "todo-test"
  subnet_ids        = ["subnet-1", "subnet-2"]
  security_group_id = "sg-1"
}

run "it_pauses_when_nobody_is_there" {
  variables {
    capacity = { min = 0, seconds_until_pause = 600 }
  }

  assert {
    condition     = aws_rds_cluster.this.serverlessv2_scaling_configuration[0].min_capacity == 0 && aws_rds_cluster.this.serverlessv2_scaling_configuration[0].seconds_until_auto_pause == 600
    error_message = "0 ACU after ten minutes"
  }
}

run "a_second_instance_can_take_over" {
  variables {
    instances = 2
  }

  assert {
    condition     = length(aws_rds_cluster_instance.this) == 2 && aws_rds_cluster_instance.this[1].promotion_tier <= 1
    error_message = "the second must scale with the first"
  }
}

run "a_throw_away_database" {
  variables {
    deletion_protection  = false
    final_snapshot       = false
    monitoring_interval  = 0
    performance_insights = false
  }

  assert {
    condition     = !aws_rds_cluster.this.deletion_protection && aws_rds_cluster.this.skip_final_snapshot && aws_rds_cluster.this.final_snapshot_identifier == null
    error_message = "it may go without a trace"
  }

  assert {
    condition     = length(aws_iam_role.monitoring) == 0 && !aws_rds_cluster_instance.this[0].performance_insights_enabled
    error_message = "nothing of monitoring may be left"
  }
}

run "names_and_numbers_of_its_own" {
  # Another name is another cluster.
  state_key = "own"

  variables {
    engine_version          = "17"
    database_name           = "todoapp"
    master_username         = "owner"
    port                    = 6432
    backup_retention_days   = 35
    backup_window           = "01:00-02:00"
    maintenance_window      = "mon:02:30-mon:03:30"
    password_rotation_days  = 7
    slow_query_milliseconds = 200
    log_retention_days      = 90
  }

  assert {
    condition     = aws_rds_cluster_parameter_group.this.family == "aurora-postgresql17" && output.database_name == "todoapp" && output.master_username == "owner" && output.port == 6432
    error_message = "names must be used"
  }

  assert {
    condition     = aws_rds_cluster.this.backup_retention_period == 35 && aws_rds_cluster.this.preferred_maintenance_window == "mon:02:30-mon:03:30" && aws_secretsmanager_secret_rotation.master.rotation_rules[0].automatically_after_days == 7 && aws_cloudwatch_log_group.postgresql.retention_in_days == 90
    error_message = "numbers must be used"
  }

  assert {
    condition     = one([for parameter in aws_rds_cluster_parameter_group.this.parameter : parameter.value if parameter.name == "log_min_duration_statement"]) == "200"
    error_message = "slow must mean what it is said to mean"
  }
}

run "a_key_and_a_boundary" {
  state_key = "key"

  variables {
    kms_key_arn              = "arn:aws:kms:eu-west-1:123456789012:key/1"
    permissions_boundary_arn = "arn:aws:iam::123456789012:policy/todo-boundary"
  }

  assert {
    condition     = aws_rds_cluster.this.kms_key_id == var.kms_key_arn && aws_rds_cluster.this.master_user_secret_kms_key_id == var.kms_key_arn && aws_rds_cluster_instance.this[0].performance_insights_kms_key_id == var.kms_key_arn
    error_message = "data, password and insights must be under the key"
  }

  assert {
    condition     = aws_iam_role.monitoring[0].permissions_boundary == var.permissions_boundary_arn
    error_message = "the role must be bounded"
  }
}
