# The document's stack, and what lets it outlive a zone: a gateway a zone, a second database instance.

module "stack" {
  source = "../../modules/stack"

  name = "todo-prod"
  nat  = "per-zone"

  api = {
    desired_count = 2
    max_count     = 6
  }

  database = {
    instances             = 2
    min_capacity          = 0.5
    max_capacity          = 4
    backup_retention_days = 7
    # 4 ACU take some 780.
    max_connections_alarm = 600
  }

  # A rollback must find its image.
  keep_images        = 30
  log_retention_days = 90

  web = var.web

  observability = {
    emails         = var.emails
    monthly_budget = var.monthly_budget
  }

  bearer_token             = var.bearer_token
  bearer_token_version     = var.bearer_token_version
  deploy_role_name         = var.deploy_role_name
  permissions_boundary_arn = var.permissions_boundary_arn
}
