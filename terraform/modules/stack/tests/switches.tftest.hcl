mock_provider "aws" {
  source = "../../tests/aws"
}

variables {
  name         = "todo-test"
  bearer_token = "0123456789abcdef0123456789abcdef"
}

run "all_that_can_be_had" {
  variables {
    cluster_name = "shop-cluster"
    service_name = "shop-service"
    family       = "shop"
    nat          = "per-zone"
    load_balancer = {
      exposure        = "internet-facing"
      certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/1"
      domain_name     = "api.todo.example"
    }
    origin_secret = "0123456789abcdef0123456789abcdef"
    api = {
      image           = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop:first"
      cpu             = 512
      memory          = 1024
      architecture    = "ARM64"
      port            = 3000
      desired_count   = 3
      max_count       = 6
      strategy        = "canary"
      execute_command = true
      environment     = { LOG_LEVEL = "debug" }
      health_check    = ["CMD", "/api", "health"]
    }
    database             = { name = "todoapp", instances = 2, max_capacity = 8 }
    web                  = { domain_names = ["todo.example"], certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/1", zone_id = "Z1" }
    auth                 = { domain_prefix = "shop", mfa = "ON", extra_callback_urls = ["http://localhost:5173/callback"] }
    bearer_token_version = 1
    observability        = { emails = ["ops@todo.example"], monthly_budget = 300 }
  }

  assert {
    condition     = strcontains(output.api_env_config, "PORT=3000\n") && strcontains(output.api_env_config, "LOG_LEVEL=debug\n") && strcontains(output.api_env_config, "CORS_ORIGIN=https://todo.example\n")
    error_message = "the API must be told its own"
  }

  assert {
    condition     = output.site_url == "https://todo.example" && length(output.nat_public_ips) == 2 && output.bearer_token_secret_arn != "" && output.cognito_login_url == "https://shop.auth.eu-west-1.amazoncognito.com"
    error_message = "domain, gateways, token and sign-in must be as asked for"
  }

  assert {
    condition     = length(module.deploy_role) == 0
    error_message = "no role, no rights"
  }
}

run "small_and_thrown_away" {
  state_key = "small"

  variables {
    protected            = false
    nat                  = "none"
    api                  = { desired_count = 1, spot_percent = 100 }
    database             = { min_capacity = 0 }
    redeploy_on_rotation = false
    observability        = { container_insights = "disabled" }
  }

  assert {
    condition     = length(output.nat_public_ips) == 0
    error_message = "no gateway"
  }
}
