output "aws_region" {
  description = "Region of everything but CloudFront."
  value       = module.stack.aws_region
}

output "vpc_id" {
  description = "The VPC."
  value       = module.stack.vpc_id
}

output "public_subnet_ids" {
  description = "Subnets that the internet reaches."
  value       = module.stack.public_subnet_ids
}

output "private_subnet_ids" {
  description = "Subnets of the API's tasks, and of migrations."
  value       = module.stack.private_subnet_ids
}

output "database_subnet_ids" {
  description = "Subnets of the database."
  value       = module.stack.database_subnet_ids
}

output "api_security_group_id" {
  description = "Security group of the API's tasks, and of migrations."
  value       = module.stack.api_security_group_id
}

output "nat_public_ips" {
  description = "Addresses from which the tasks reach the internet."
  value       = module.stack.nat_public_ips
}

output "alb_dns_name" {
  description = "The load balancer's name in DNS. Nothing but CloudFront reaches it."
  value       = module.stack.alb_dns_name
}

output "ecr_repository_name" {
  description = "The repository of the API's images, build-push's `repository`."
  value       = module.stack.ecr_repository_name
}

output "ecr_repository_url" {
  description = "Where the API's images are."
  value       = module.stack.ecr_repository_url
}

output "ecr_cache_repository_url" {
  description = "Where builds keep their cache."
  value       = module.stack.ecr_cache_repository_url
}

output "ecs_cluster_name" {
  description = "The cluster, ecs-rollout's and migrate's `cluster`."
  value       = module.stack.ecs_cluster_name
}

output "ecs_service_name" {
  description = "The service, ecs-rollout's and migrate's `service`."
  value       = module.stack.ecs_service_name
}

output "ecs_task_definition_family" {
  description = "The family of the service's revisions."
  value       = module.stack.ecs_task_definition_family
}

output "api_container_name" {
  description = "The container whose image the pipeline changes."
  value       = module.stack.api_container_name
}

output "api_log_group_name" {
  description = "Where the API's tasks log."
  value       = module.stack.api_log_group_name
}

output "api_execution_role_arn" {
  description = "Role with which ECS starts the API's tasks."
  value       = module.stack.api_execution_role_arn
}

output "api_task_role_arn" {
  description = "Role with which the API runs."
  value       = module.stack.api_task_role_arn
}

output "aurora_endpoint" {
  description = "Where the database's writer is."
  value       = module.stack.aurora_endpoint
}

output "aurora_reader_endpoint" {
  description = "Where the database's readers are."
  value       = module.stack.aurora_reader_endpoint
}

output "aurora_port" {
  description = "The database's port."
  value       = module.stack.aurora_port
}

output "aurora_database_name" {
  description = "The database."
  value       = module.stack.aurora_database_name
}

output "aurora_master_username" {
  description = "The database's owner."
  value       = module.stack.aurora_master_username
}

output "aurora_cluster_identifier" {
  description = "The database's cluster."
  value       = module.stack.aurora_cluster_identifier
}

output "db_secret_arn" {
  description = "The secret in which RDS keeps user name and password: JSON with the keys username and password."
  value       = module.stack.db_secret_arn
}

output "db_password_retrieval_command" {
  description = "Prints the database's password, for somebody who may read it. This text itself prints nothing."
  value       = module.stack.db_password_retrieval_command
}

output "bearer_token_secret_arn" {
  description = "The secret of the token for machines; empty without one."
  value       = module.stack.bearer_token_secret_arn
}

output "cognito_user_pool_id" {
  description = "The user pool."
  value       = module.stack.cognito_user_pool_id
}

output "cognito_client_id" {
  description = "The page's client, which is no secret."
  value       = module.stack.cognito_client_id
}

output "cognito_login_url" {
  description = "Where people sign in."
  value       = module.stack.cognito_login_url
}

output "web_bucket_name" {
  description = "The site's bucket, web-publish's `bucket`."
  value       = module.stack.web_bucket_name
}

output "cloudfront_distribution_id" {
  description = "The distribution, web-publish's `distribution`."
  value       = module.stack.cloudfront_distribution_id
}

output "cloudfront_domain_name" {
  description = "The name that CloudFront gives."
  value       = module.stack.cloudfront_domain_name
}

output "site_url" {
  description = "What people type."
  value       = module.stack.site_url
}

output "alarm_topic_arn" {
  description = "Where alarms are told."
  value       = module.stack.alarm_topic_arn
}

output "dashboard_url" {
  description = "The dashboard in the console."
  value       = module.stack.dashboard_url
}

output "api_env_config" {
  description = "Environment of the API as a dotenv file. It holds no secret: render-env fills in <DB_PASSWORD>."
  value       = module.stack.api_env_config
}

output "web_env_config" {
  description = "Environment of the site's build as a dotenv file. All of it is public."
  value       = module.stack.web_env_config
}
