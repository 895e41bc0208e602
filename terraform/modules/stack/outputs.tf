output "aws_region" {
  description = "Region of everything but CloudFront."
  value       = local.region
}

output "vpc_id" {
  description = "The VPC."
  value       = module.network.vpc_id
}

output "public_subnet_ids" {
  description = "Subnets that the internet reaches."
  value       = module.network.public_subnet_ids
}

output "private_subnet_ids" {
  description = "Subnets of the API's tasks, and of migrations."
  value       = module.network.private_subnet_ids
}

output "database_subnet_ids" {
  description = "Subnets of the database."
  value       = module.network.database_subnet_ids
}

output "api_security_group_id" {
  description = "Security group of the API's tasks, and of migrations."
  value       = module.network.api_security_group_id
}

output "nat_public_ips" {
  description = "Addresses from which the tasks reach the internet."
  value       = module.network.nat_public_ips
}

output "alb_dns_name" {
  description = "The load balancer's name in DNS. Nothing but CloudFront reaches it."
  value       = module.load_balancer.dns_name
}

output "ecr_repository_name" {
  description = "The repository of the API's images, build-push's `repository`."
  value       = module.registry.repository_name
}

output "ecr_repository_url" {
  description = "Where the API's images are."
  value       = module.registry.repository_url
}

output "ecr_cache_repository_url" {
  description = "Where builds keep their cache."
  value       = module.registry.cache_repository_url
}

output "ecs_cluster_name" {
  description = "The cluster, ecs-rollout's and migrate's `cluster`."
  value       = module.api_service.cluster_name
}

output "ecs_service_name" {
  description = "The service, ecs-rollout's and migrate's `service`."
  value       = module.api_service.service_name
}

output "ecs_task_definition_family" {
  description = "The family of the service's revisions."
  value       = module.api_service.task_definition_family
}

output "api_container_name" {
  description = "The container whose image the pipeline changes."
  value       = module.api_service.container_name
}

output "api_log_group_name" {
  description = "Where the API's tasks log."
  value       = module.api_service.log_group_name
}

output "api_execution_role_arn" {
  description = "Role with which ECS starts the API's tasks."
  value       = module.api_service.execution_role_arn
}

output "api_task_role_arn" {
  description = "Role with which the API runs."
  value       = module.api_service.task_role_arn
}

output "aurora_endpoint" {
  description = "Where the database's writer is."
  value       = module.database.endpoint
}

output "aurora_reader_endpoint" {
  description = "Where the database's readers are."
  value       = module.database.reader_endpoint
}

output "aurora_port" {
  description = "The database's port."
  value       = module.database.port
}

output "aurora_database_name" {
  description = "The database."
  value       = module.database.database_name
}

output "aurora_master_username" {
  description = "The database's owner."
  value       = module.database.master_username
}

output "aurora_cluster_identifier" {
  description = "The database's cluster."
  value       = module.database.cluster_identifier
}

output "db_secret_arn" {
  description = "The secret in which RDS keeps user name and password: JSON with the keys username and password."
  value       = module.database.secret_arn
}

output "db_password_retrieval_command" {
  description = "Prints the database's password, for somebody who may read it. This text itself prints nothing."
  value       = "aws secretsmanager get-secret-value --region ${local.region} --secret-id '${module.database.secret_arn}' --query SecretString --output text | python3 -c 'import json, sys; print(json.load(sys.stdin)[\"password\"])'"
}

output "bearer_token_secret_arn" {
  description = "The secret of the token for machines; empty without one."
  value       = module.secrets.bearer_token_secret_arn
}

output "cognito_user_pool_id" {
  description = "The user pool."
  value       = module.auth.user_pool_id
}

output "cognito_client_id" {
  description = "The page's client, which is no secret."
  value       = module.auth.client_id
}

output "cognito_login_url" {
  description = "Where people sign in."
  value       = module.auth.login_url
}

output "web_bucket_name" {
  description = "The site's bucket, web-publish's `bucket`."
  value       = module.web.bucket_name
}

output "cloudfront_distribution_id" {
  description = "The distribution, web-publish's `distribution`."
  value       = module.web.distribution_id
}

output "cloudfront_domain_name" {
  description = "The name that CloudFront gives."
  value       = module.web.domain_name
}

output "site_url" {
  description = "What people type."
  value       = module.web.url
}

output "alarm_topic_arn" {
  description = "Where alarms are told."
  value       = module.observability.topic_arn
}

output "dashboard_url" {
  description = "The dashboard in the console."
  value       = module.observability.dashboard_url
}

output "api_env_config" {
  description = "Environment of the API as a dotenv file. It holds no secret: render-env fills in <DB_PASSWORD>."
  value = join("", [for key, value in merge(
    { PORT = tostring(var.api.port), NODE_ENV = "production", LOG_LEVEL = "info", LOG_FORMAT = "json", TZ = "UTC" },
    local.database_environment,
    local.auth_environment,
    var.api.environment,
    { DB_USER = module.database.master_username, DB_PASSWORD = "<DB_PASSWORD>" },
  ) : "${key}=${value}\n"])
}

output "web_env_config" {
  description = "Environment of the site's build as a dotenv file. All of it is public."
  value = join("", [for key, value in {
    VITE_API_BASE_URL         = ""
    VITE_AWS_REGION           = local.region
    VITE_COGNITO_USER_POOL_ID = module.auth.user_pool_id
    VITE_COGNITO_CLIENT_ID    = module.auth.client_id
    VITE_COGNITO_LOGIN_URL    = module.auth.login_url
  } : "${key}=${value}\n"])
}
