mock_provider "aws" {
  source = "../../tests/aws"
}

variables {
  name              = "todo-test"
  subnet_ids        = ["subnet-1", "subnet-2"]
  security_group_id = "sg-1"
}

run "postgresql_sixteen_that_scales" {
  assert {
    condition     = aws_rds_cluster.this.engine == "aurora-postgresql" && aws_rds_cluster.this.engine_version == "16" && aws_rds_cluster_instance.this[0].instance_class == "db.serverless"
    error_message = "Aurora PostgreSQL 16, without a minor version, Serverless v2"
  }

  assert {
    condition     = aws_rds_cluster.this.serverlessv2_scaling_configuration[0].min_capacity == 0.5 && aws_rds_cluster.this.serverlessv2_scaling_configuration[0].max_capacity == 1
    error_message = "0.5 to 1 ACU"
  }

  assert {
    condition     = aws_rds_cluster.this.database_name == "todo_db" && output.port == 5432 && length(aws_rds_cluster_instance.this) == 1
    error_message = "one instance with the database todo_db"
  }
}

run "nobody_here_knows_the_password" {
  assert {
    condition     = aws_rds_cluster.this.manage_master_user_password && aws_rds_cluster.this.master_password == null && aws_rds_cluster.this.master_password_wo == null
    error_message = "RDS must make and keep the password"
  }

  assert {
    condition     = aws_secretsmanager_secret_rotation.master.rotation_rules[0].automatically_after_days == 30 && aws_secretsmanager_secret_rotation.master.rotation_lambda_arn == null
    error_message = "RDS must change it every 30 days, without a function of ours"
  }

  assert {
    condition     = output.secret_arn == "arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!cluster-1"
    error_message = "the API must be told where it is"
  }
}

run "it_is_encrypted_on_disk_and_on_its_way" {
  assert {
    condition     = aws_rds_cluster.this.storage_encrypted && !aws_rds_cluster_instance.this[0].publicly_accessible
    error_message = "encrypted, and reached from within alone"
  }

  assert {
    condition     = one([for parameter in aws_rds_cluster_parameter_group.this.parameter : parameter.value if parameter.name == "rds.force_ssl"]) == "1"
    error_message = "whoever comes without TLS must be refused"
  }

  assert {
    condition     = aws_rds_cluster_parameter_group.this.family == "aurora-postgresql16"
    error_message = "the family must be the engine's"
  }
}

run "it_can_be_brought_back" {
  assert {
    condition     = aws_rds_cluster.this.backup_retention_period == 7 && aws_rds_cluster.this.preferred_backup_window == "03:00-04:00" && aws_rds_cluster.this.preferred_maintenance_window == "sun:04:00-sun:05:00"
    error_message = "seven days, in the windows"
  }

  assert {
    condition     = aws_rds_cluster.this.deletion_protection && !aws_rds_cluster.this.skip_final_snapshot && aws_rds_cluster.this.final_snapshot_identifier == "todo-test-final" && !aws_rds_cluster.this.delete_automated_backups
    error_message = "it must not go, and not without a snapshot"
  }
}

run "it_is_watched" {
  assert {
    condition     = aws_rds_cluster_instance.this[0].performance_insights_enabled && aws_rds_cluster_instance.this[0].monitoring_interval == 60 && aws_rds_cluster_instance.this[0].monitoring_role_arn == aws_iam_role.monitoring[0].arn
    error_message = "Performance Insights and enhanced monitoring must be on"
  }

  assert {
    condition     = aws_cloudwatch_log_group.postgresql.name == "/aws/rds/cluster/todo-test/postgresql" && aws_cloudwatch_log_group.postgresql.retention_in_days == 30 && contains(aws_rds_cluster.this.enabled_cloudwatch_logs_exports, "postgresql")
    error_message = "PostgreSQL's log must be kept for 30 days"
  }
}
