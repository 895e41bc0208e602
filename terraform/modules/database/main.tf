data "aws_partition" "here" {}

locals {
  kms_key_id = var.kms_key_arn == "" ? null : var.kms_key_arn
}

resource "aws_db_subnet_group" "this" {
  name        = "${var.name}-database"
  description = "Subnets without a way out"
  subnet_ids  = var.subnet_ids
}

resource "aws_rds_cluster_parameter_group" "this" {
  # The family is in the name, so that a new major version brings a group of its own beside the old one.
  name        = "${var.name}-postgresql${var.engine_version}"
  family      = "aurora-postgresql${var.engine_version}"
  description = "TLS for everybody, slow queries in the log"

  # Whoever comes without TLS is refused, whatever the client's settings say.
  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }

  parameter {
    name  = "log_min_duration_statement"
    value = tostring(var.slow_query_milliseconds)
  }

  parameter {
    name  = "log_connections"
    value = "1"
  }

  lifecycle {
    create_before_destroy = true
  }
}

# Before the cluster: RDS would make it without an end to its retention.
resource "aws_cloudwatch_log_group" "postgresql" {
  # checkov:skip=CKV_AWS_338:log_retention_days is the owner's choice

  name              = "/aws/rds/cluster/${var.name}/postgresql"
  retention_in_days = var.log_retention_days
  kms_key_id        = local.kms_key_id
}

resource "aws_rds_cluster" "this" {
  # checkov:skip=CKV2_AWS_27:slow queries are logged, by log_min_duration_statement: all of them would hold people's data
  # checkov:skip=CKV2_AWS_8:Aurora keeps its own backups, to the second; another place for them is the account's choice
  # checkov:skip=CKV_AWS_139:on unless the environment is made to be thrown away

  cluster_identifier = var.name
  engine             = "aurora-postgresql"
  engine_mode        = "provisioned"
  engine_version     = var.engine_version
  database_name      = var.database_name
  port               = var.port

  # RDS makes the password, keeps it in Secrets Manager and changes it: it never passes through here.
  master_username               = var.master_username
  manage_master_user_password   = true
  master_user_secret_kms_key_id = local.kms_key_id

  db_subnet_group_name            = aws_db_subnet_group.this.name
  vpc_security_group_ids          = [var.security_group_id]
  db_cluster_parameter_group_name = aws_rds_cluster_parameter_group.this.name

  serverlessv2_scaling_configuration {
    min_capacity             = var.capacity.min
    max_capacity             = var.capacity.max
    seconds_until_auto_pause = var.capacity.min == 0 ? var.capacity.seconds_until_pause : null
  }

  storage_encrypted                   = true
  kms_key_id                          = local.kms_key_id
  iam_database_authentication_enabled = true

  backup_retention_period      = var.backup_retention_days
  preferred_backup_window      = var.backup_window
  preferred_maintenance_window = var.maintenance_window
  copy_tags_to_snapshot        = true
  delete_automated_backups     = false

  enabled_cloudwatch_logs_exports = ["postgresql"]

  deletion_protection       = var.deletion_protection
  skip_final_snapshot       = !var.final_snapshot
  final_snapshot_identifier = var.final_snapshot ? "${var.name}-final" : null

  lifecycle {
    # AWS spreads the data over three zones, whichever were named: a drift that nobody made.
    ignore_changes = [availability_zones]
  }

  depends_on = [aws_cloudwatch_log_group.postgresql]
}

# Seven days of Performance Insights are free, and AWS's own key encrypts them where no key is given.
#trivy:ignore:AWS-0078
resource "aws_rds_cluster_instance" "this" {
  count = var.instances

  identifier         = "${var.name}-${count.index}"
  cluster_identifier = aws_rds_cluster.this.id
  engine             = aws_rds_cluster.this.engine
  instance_class     = "db.serverless"
  # The second is scaled with the first, so that it can take over at once.
  promotion_tier = count.index == 0 ? 0 : 1

  publicly_accessible        = false
  auto_minor_version_upgrade = true
  copy_tags_to_snapshot      = true
  ca_cert_identifier         = "rds-ca-rsa2048-g1"

  performance_insights_enabled          = var.performance_insights
  performance_insights_retention_period = var.performance_insights ? 7 : null
  performance_insights_kms_key_id       = var.performance_insights ? local.kms_key_id : null

  monitoring_interval = var.monitoring_interval
  monitoring_role_arn = one(aws_iam_role.monitoring[*].arn)
}

# RDS itself rotates its secret; there is no function to write. Only the days are ours.
resource "aws_secretsmanager_secret_rotation" "master" {
  # checkov:skip=CKV_AWS_304:password_rotation_days is 30 by default

  secret_id          = aws_rds_cluster.this.master_user_secret[0].secret_arn
  rotate_immediately = false

  rotation_rules {
    automatically_after_days = var.password_rotation_days
  }
}

resource "aws_iam_role" "monitoring" {
  count = var.monitoring_interval == 0 ? 0 : 1

  name                 = "${var.name}-rds-monitoring"
  description          = "Enhanced monitoring of ${var.name} writes its metrics"
  permissions_boundary = var.permissions_boundary_arn == "" ? null : var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "monitoring.rds.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy_attachment" "monitoring" {
  count = var.monitoring_interval == 0 ? 0 : 1

  role       = aws_iam_role.monitoring[0].name
  policy_arn = "arn:${data.aws_partition.here.partition}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
}
