# What one gets without asking for anything.

mock_provider "aws" {
  source = "../../tests/aws"
}

variables {
  name = "todo-test"
}

run "two_zones_with_three_kinds_of_subnets" {
  assert {
    condition     = aws_vpc.this.cidr_block == "10.0.0.0/16" && aws_vpc.this.enable_dns_hostnames
    error_message = "the VPC must be 10.0.0.0/16 and give names, which endpoints need"
  }

  assert {
    condition     = length(output.public_subnet_ids) == 2 && length(output.private_subnet_ids) == 2 && length(output.database_subnet_ids) == 2
    error_message = "there must be two subnets of each kind"
  }

  assert {
    condition     = output.availability_zones == tolist(["eu-west-1a", "eu-west-1b"])
    error_message = "the first two zones of the region must be taken"
  }

  assert {
    condition     = aws_subnet.private["1"].availability_zone == "eu-west-1b" && aws_subnet.private["1"].cidr_block == "10.0.12.0/24"
    error_message = "the second private subnet must lie in the second zone"
  }

  assert {
    condition     = alltrue([for subnet in aws_subnet.public : !subnet.map_public_ip_on_launch])
    error_message = "nothing may get a public address by being started"
  }
}

run "one_gateway_serves_both_zones" {
  assert {
    condition     = length(aws_nat_gateway.this) == 1 && length(aws_route.nat) == 2
    error_message = "one NAT gateway, and a route to it from each private subnet"
  }

  assert {
    condition     = alltrue([for route in aws_route.nat : route.nat_gateway_id == aws_nat_gateway.this["0"].id])
    error_message = "both zones must go through the one gateway"
  }

  assert {
    condition     = length(aws_vpc_endpoint.interface) == 0
    error_message = "endpoints that cost by the hour come only without NAT"
  }

  assert {
    condition     = length(aws_vpc_endpoint.s3.route_table_ids) == 2
    error_message = "image layers must come by S3's endpoint from both zones"
  }
}

run "the_database_has_no_way_out" {
  assert {
    condition     = alltrue([for association in aws_route_table_association.database : association.route_table_id == aws_route_table.database.id])
    error_message = "the database's subnets must use the table without routes"
  }

  assert {
    condition     = alltrue([for key, rule in aws_network_acl_rule.this : rule.cidr_block != "0.0.0.0/0" if startswith(key, "database-")])
    error_message = "the database's subnets may speak with the private ones alone"
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.database_from_api.referenced_security_group_id == aws_security_group.api.id && aws_vpc_security_group_ingress_rule.database_from_api.from_port == 5432
    error_message = "the database must be reached by the API's tasks alone"
  }
}

run "each_group_is_reached_by_its_neighbour_alone" {
  assert {
    condition     = aws_vpc_security_group_ingress_rule.load_balancer_from_cloudfront.prefix_list_id == data.aws_ec2_managed_prefix_list.cloudfront.id
    error_message = "the load balancer must be reached by CloudFront alone"
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.load_balancer_from_cloudfront.cidr_ipv4 == null
    error_message = "the load balancer may have no rule by address"
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.api_from_load_balancer.referenced_security_group_id == aws_security_group.load_balancer.id && aws_vpc_security_group_ingress_rule.api_from_load_balancer.to_port == 8080
    error_message = "the tasks must be reached by the load balancer alone"
  }

  assert {
    condition     = length(aws_default_security_group.closed.ingress) == 0 && length(aws_default_security_group.closed.egress) == 0
    error_message = "the default group must be empty"
  }
}

run "flow_logs_say_what_was_refused_too" {
  assert {
    condition     = aws_flow_log.this[0].traffic_type == "ALL" && aws_cloudwatch_log_group.flow[0].retention_in_days == 30
    error_message = "all connections, for 30 days"
  }
}
