data "aws_region" "here" {}

data "aws_caller_identity" "here" {}

locals {
  region  = data.aws_region.here.region
  account = data.aws_caller_identity.here.account_id

  shifts_traffic = var.api.strategy != "rolling"
  # Names, known before anything is made: alarms come before the service that is undone by them.
  log_group_name = "/ecs/${var.family}"
  database_name  = "${var.name}-db"
  auth_domain    = var.auth.domain_prefix == "" ? "${var.name}-${local.account}" : var.auth.domain_prefix
  login_url      = "https://${local.auth_domain}.auth.${local.region}.amazoncognito.com"

  # What the document's environment files say, secrets apart.
  database_environment = {
    DB_HOST    = module.database.endpoint
    DB_PORT    = tostring(module.database.port)
    DB_NAME    = module.database.database_name
    DB_SSLMODE = "require"
  }

  auth_environment = {
    AWS_REGION           = local.region
    COGNITO_USER_POOL_ID = module.auth.user_pool_id
    COGNITO_CLIENT_ID    = module.auth.client_id
    COGNITO_ISSUER       = module.auth.issuer
    CORS_ORIGIN          = module.web.url
  }
}

module "network" {
  source = "../network"

  name                     = var.name
  nat                      = var.nat
  load_balancer_port       = var.load_balancer.certificate_arn == "" ? 80 : 443
  container_port           = var.api.port
  log_retention_days       = var.log_retention_days
  permissions_boundary_arn = var.permissions_boundary_arn
}

module "registry" {
  source = "../registry"

  repository_name = var.family
  keep_images     = var.keep_images
  force_delete    = !var.protected
}

module "database" {
  source = "../database"

  name                     = local.database_name
  subnet_ids               = module.network.database_subnet_ids
  security_group_id        = module.network.database_security_group_id
  database_name            = var.database.name
  instances                = var.database.instances
  capacity                 = { min = var.database.min_capacity, max = var.database.max_capacity }
  backup_retention_days    = var.database.backup_retention_days
  password_rotation_days   = var.database.password_rotation_days
  log_retention_days       = var.log_retention_days
  deletion_protection      = var.protected
  final_snapshot           = var.protected
  permissions_boundary_arn = var.permissions_boundary_arn
}

module "secrets" {
  source = "../secrets"

  name                 = var.name
  bearer_token         = var.bearer_token
  bearer_token_version = var.bearer_token_version
  recovery_days        = var.protected ? 30 : 0
}

module "load_balancer" {
  source = "../load-balancer"

  name                = var.name
  vpc_id              = module.network.vpc_id
  subnet_ids          = var.load_balancer.exposure == "internal" ? module.network.private_subnet_ids : module.network.public_subnet_ids
  security_group_id   = module.network.load_balancer_security_group_id
  exposure            = var.load_balancer.exposure
  certificate_arn     = var.load_balancer.certificate_arn
  origin_secret       = var.origin_secret
  target_port         = var.api.port
  second_target_group = local.shifts_traffic
  deletion_protection = var.protected
}

module "web" {
  source = "../web"

  name                  = var.name
  api_domain_name       = var.load_balancer.domain_name == "" ? module.load_balancer.dns_name : var.load_balancer.domain_name
  api_exposure          = var.load_balancer.exposure
  api_load_balancer_arn = module.load_balancer.arn
  api_protocol          = module.load_balancer.protocol
  origin_secret         = var.load_balancer.exposure == "internal" ? "" : var.origin_secret
  domain_names          = var.web.domain_names
  certificate_arn       = var.web.certificate_arn
  zone_id               = var.web.zone_id
  web_acl_arn           = var.web.web_acl_arn
  price_class           = var.web.price_class
  force_destroy         = !var.protected

  content_security_policy = join("; ", [
    "default-src 'self'",
    "connect-src 'self' ${local.login_url} https://cognito-idp.${local.region}.amazonaws.com",
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self' ${local.login_url}",
    "frame-ancestors 'none'",
  ])
}

module "auth" {
  source = "../auth"

  name                = var.name
  domain_prefix       = local.auth_domain
  callback_urls       = concat(["${module.web.url}/callback"], var.auth.extra_callback_urls)
  logout_urls         = concat(["${module.web.url}/"], var.auth.extra_callback_urls)
  self_sign_up        = var.auth.self_sign_up
  mfa                 = var.auth.mfa
  deletion_protection = var.protected
}

module "observability" {
  source = "../observability"

  name                        = var.name
  cluster_name                = var.cluster_name
  service_name                = var.service_name
  log_group_name              = local.log_group_name
  load_balancer_arn_suffix    = module.load_balancer.arn_suffix
  target_group_arn_suffix     = module.load_balancer.target_group_arn_suffixes[0]
  database_cluster_identifier = local.database_name
  distribution_id             = module.web.distribution_id
  emails                      = var.observability.emails
  slack                       = var.observability.slack
  runbook_url                 = var.observability.runbook_url
  monthly_budget              = var.observability.monthly_budget
  minimum_tasks               = var.observability.container_insights == "disabled" ? 0 : var.api.desired_count
  thresholds                  = { database_connections = var.database.max_connections_alarm }
  permissions_boundary_arn    = var.permissions_boundary_arn
}

module "api_service" {
  source = "../api-service"

  name                         = var.name
  cluster_name                 = var.cluster_name
  service_name                 = var.service_name
  family                       = var.family
  image                        = var.api.image == "" ? "${module.registry.repository_url}:none-yet" : var.api.image
  subnet_ids                   = module.network.private_subnet_ids
  security_group_id            = module.network.api_security_group_id
  target_group_arn             = module.load_balancer.target_group_arn
  alternate_target_group_arn   = module.load_balancer.alternate_target_group_arn
  production_listener_rule_arn = local.shifts_traffic ? module.load_balancer.production_listener_rule_arn : ""
  strategy                     = var.api.strategy
  rollback_alarm_names         = module.observability.rollback_alarm_names
  cpu                          = var.api.cpu
  memory                       = var.api.memory
  architecture                 = var.api.architecture
  container_port               = var.api.port
  environment                  = merge(local.database_environment, local.auth_environment, var.api.environment)
  repository_arns              = [module.registry.repository_arn]
  health_check_command         = var.api.health_check
  desired_count                = var.api.desired_count
  scaling                      = { max = var.api.max_count }
  spot_percent                 = var.api.spot_percent
  execute_command              = var.api.execute_command
  container_insights           = var.observability.container_insights
  redeploy_on_rotation         = var.redeploy_on_rotation ? [module.database.secret_arn] : []
  log_retention_days           = var.log_retention_days
  permissions_boundary_arn     = var.permissions_boundary_arn

  # By JSON key: user name and password come from RDS's secret, the rest is no secret.
  secrets = merge(module.secrets.container_secrets, {
    DB_USER     = "${module.database.secret_arn}:username::"
    DB_PASSWORD = "${module.database.secret_arn}:password::"
  })
}

module "deploy_role" {
  source = "../deploy-role"
  count  = var.deploy_role_name == "" ? 0 : 1

  role_name              = var.deploy_role_name
  repository_arns        = compact([module.registry.repository_arn, module.registry.cache_repository_arn])
  cluster_arn            = module.api_service.cluster_arn
  service_name           = module.api_service.service_name
  task_definition_family = module.api_service.task_definition_family
  task_role_arns         = [module.api_service.execution_role_arn, module.api_service.task_role_arn]
  log_group_arn          = module.api_service.log_group_arn
  bucket_arn             = module.web.bucket_arn
  distribution_arn       = module.web.distribution_arn
}
