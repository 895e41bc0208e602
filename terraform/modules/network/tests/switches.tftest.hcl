mock_provider "aws" {
  source = "../../tests/aws"
}

variables {
  name = "todo-test"
}

run "a_gateway_per_zone" {
  variables {
    nat = "per-zone"
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 2 && length(output.nat_public_ips) == 2
    error_message = "two NAT gateways with an address each"
  }

  assert {
    condition     = alltrue([for zone, route in aws_route.nat : route.nat_gateway_id == aws_nat_gateway.this[zone].id])
    error_message = "each zone must use its own gateway"
  }
}

run "endpoints_in_place_of_nat" {
  variables {
    nat = "none"
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 0 && length(aws_eip.nat) == 0 && length(aws_route.nat) == 0
    error_message = "nothing of NAT may be left"
  }

  assert {
    condition     = toset(keys(aws_vpc_endpoint.interface)) == toset(["ecr.api", "ecr.dkr", "logs", "secretsmanager"])
    error_message = "ECR (both), CloudWatch Logs and Secrets Manager must have endpoints"
  }

  assert {
    condition     = alltrue([for endpoint in aws_vpc_endpoint.interface : endpoint.private_dns_enabled])
    error_message = "programs must find the endpoints by AWS's own names"
  }

  assert {
    condition     = length(aws_vpc_security_group_egress_rule.api_to_internet) == 0
    error_message = "without NAT the tasks may not even try the internet"
  }

  assert {
    condition     = aws_vpc_security_group_egress_rule.api_to_endpoints["0"].to_port == 443 && aws_vpc_security_group_egress_rule.api_to_s3["0"].prefix_list_id == aws_vpc_endpoint.s3.prefix_list_id
    error_message = "the tasks must reach the endpoints and S3"
  }
}

run "three_zones" {
  variables {
    public_subnets   = ["10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/24"]
    private_subnets  = ["10.0.11.0/24", "10.0.12.0/24", "10.0.13.0/24"]
    database_subnets = ["10.0.21.0/24", "10.0.22.0/24", "10.0.23.0/24"]
  }

  assert {
    condition     = length(output.private_subnet_ids) == 3 && output.availability_zones[2] == "eu-west-1c"
    error_message = "there must be three of each"
  }
}

run "zones_by_name" {
  variables {
    availability_zones = ["eu-west-1c", "eu-west-1a"]
  }

  assert {
    condition     = aws_subnet.public["0"].availability_zone == "eu-west-1c"
    error_message = "the zones must be taken as they are named"
  }
}

run "ports_of_its_own" {
  variables {
    load_balancer_port = 443
    container_port     = 3000
    database_port      = 6432
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.load_balancer_from_cloudfront.from_port == 443 && aws_vpc_security_group_egress_rule.load_balancer_to_api.from_port == 3000 && aws_vpc_security_group_egress_rule.api_to_database.from_port == 6432
    error_message = "each rule must follow its port"
  }

  assert {
    condition     = aws_network_acl_rule.this["database-in-0"].from_port == 6432
    error_message = "the fence around the database must follow its port"
  }
}

run "without_flow_logs" {
  variables {
    flow_logs = false
  }

  assert {
    condition     = length(aws_flow_log.this) == 0 && length(aws_iam_role.flow) == 0 && length(aws_cloudwatch_log_group.flow) == 0
    error_message = "nothing of flow logs may be left"
  }
}

run "a_key_and_a_boundary" {
  variables {
    kms_key_arn              = "arn:aws:kms:eu-west-1:123456789012:key/1"
    permissions_boundary_arn = "arn:aws:iam::123456789012:policy/todo-boundary"
  }

  assert {
    condition     = aws_cloudwatch_log_group.flow[0].kms_key_id == var.kms_key_arn && aws_iam_role.flow[0].permissions_boundary == var.permissions_boundary_arn
    error_message = "both must be used"
  }
}
