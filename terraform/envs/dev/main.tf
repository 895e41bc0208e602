# The same stack as prod's, small, and made to be thrown away: the names differ, so that both fit into one account.

module "stack" {
  source = "../../modules/stack"

  name         = "todo-dev"
  cluster_name = "todo-app-cluster-dev"
  service_name = "todo-api-service-dev"
  family       = "todo-api-dev"

  protected = false
  nat       = "one"

  # One task, on Spot. Nobody waits for dev.
  api = {
    desired_count = 1
    max_count     = 2
    spot_percent  = 100
  }

  # Pauses when no task holds a connection.
  database = {
    min_capacity          = 0
    max_capacity          = 1
    backup_retention_days = 1
  }

  redeploy_on_rotation = false
  log_retention_days   = 7

  auth = {
    extra_callback_urls = ["http://localhost:5173/callback"]
  }

  observability = {
    emails             = var.emails
    container_insights = "disabled"
  }

  bearer_token             = var.bearer_token
  bearer_token_version     = var.bearer_token_version
  deploy_role_name         = var.deploy_role_name
  permissions_boundary_arn = var.permissions_boundary_arn
}
