mock_provider "aws" {
  source = "../../tests/aws"
}

variables {
  name             = "todo-test"
  deploy_role_name = "todo-ci-test-deploy"
  # Terraform 1.11 forgets an ephemeral default between plan and apply of a test.
  bearer_token = "0123456789abcdef0123456789abcdef"
}

run "the_parts_find_each_other" {
  assert {
    condition     = output.ecs_cluster_name == "todo-app-cluster" && output.ecs_service_name == "todo-api-service" && output.ecr_repository_name == "todo-api" && output.site_url == "https://d1.cloudfront.net"
    error_message = "names as the document has them"
  }

  assert {
    condition     = output.aurora_endpoint == "todo.cluster-x.eu-west-1.rds.amazonaws.com" && output.aurora_port == 5432 && output.aurora_database_name == "todo_db"
    error_message = "the database must be told of"
  }

  assert {
    condition     = length(module.deploy_role) == 1 && length(module.deploy_role[0].policies) == 4
    error_message = "the pipeline must get its rights"
  }
}

run "no_environment_file_holds_a_secret" {
  assert {
    condition     = strcontains(output.api_env_config, "DB_PASSWORD=<DB_PASSWORD>\n") && strcontains(output.api_env_config, "PORT=8080\n") && strcontains(output.api_env_config, "DB_HOST=todo.cluster-x.eu-west-1.rds.amazonaws.com\n")
    error_message = "the password must be a gap"
  }

  assert {
    condition     = alltrue([for line in split("\n", output.web_env_config) : line == "" || startswith(line, "VITE_")]) && !can(regex("(?i)token|secret|password|db_", output.web_env_config))
    error_message = "the site may know nothing that is not public"
  }

  assert {
    condition     = strcontains(output.db_password_retrieval_command, "rds!cluster-1") && output.bearer_token_secret_arn == ""
    error_message = "a command, not what it prints; and no token unless asked for"
  }
}
