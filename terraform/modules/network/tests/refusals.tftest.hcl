# Each validation refuses what AWS would refuse later, or would take to nobody's joy.

mock_provider "aws" {
  source = "../../tests/aws"
}

variables {
  name = "todo-test"
}

run "a_name_that_does_not_fit" {
  command         = plan
  expect_failures = [var.name]

  variables {
    name = "Todo_Production"
  }
}

run "a_vpc_that_is_too_large" {
  command         = plan
  expect_failures = [var.cidr]

  variables {
    cidr = "10.0.0.0/8"
  }
}

run "fewer_zones_than_subnets" {
  command         = plan
  expect_failures = [var.availability_zones]

  variables {
    availability_zones = ["eu-west-1a"]
  }
}

run "the_same_zone_twice" {
  command         = plan
  expect_failures = [var.availability_zones]

  variables {
    availability_zones = ["eu-west-1a", "eu-west-1a"]
  }
}

run "one_public_subnet" {
  command         = plan
  expect_failures = [var.public_subnets]

  variables {
    public_subnets   = ["10.0.1.0/24"]
    private_subnets  = ["10.0.11.0/24"]
    database_subnets = ["10.0.21.0/24"]
  }
}

run "a_public_subnet_that_is_no_range" {
  command         = plan
  expect_failures = [var.public_subnets]

  variables {
    public_subnets = ["10.0.1.0/24", "10.0.2.0"]
  }
}

run "a_private_subnet_too_few" {
  command         = plan
  expect_failures = [var.private_subnets]

  variables {
    private_subnets = ["10.0.11.0/24"]
  }
}

run "a_private_subnet_that_is_no_range" {
  command         = plan
  expect_failures = [var.private_subnets]

  variables {
    private_subnets = ["10.0.11.0/24", "private"]
  }
}

run "a_database_subnet_too_few" {
  command         = plan
  expect_failures = [var.database_subnets]

  variables {
    database_subnets = ["10.0.21.0/24"]
  }
}

run "a_database_subnet_that_is_no_range" {
  command         = plan
  expect_failures = [var.database_subnets]

  variables {
    database_subnets = ["10.0.21.0/24", "10.0.22.0/33"]
  }
}

run "nat_of_an_unknown_kind" {
  command         = plan
  expect_failures = [var.nat]

  variables {
    nat = "two"
  }
}

run "a_load_balancer_on_another_port" {
  command         = plan
  expect_failures = [var.load_balancer_port]

  variables {
    load_balancer_port = 8080
  }
}

run "a_container_on_roots_port" {
  command         = plan
  expect_failures = [var.container_port]

  variables {
    container_port = 80
  }
}

run "a_database_port_out_of_range" {
  command         = plan
  expect_failures = [var.database_port]

  variables {
    database_port = 70000
  }
}

run "a_retention_that_does_not_exist" {
  command         = plan
  expect_failures = [var.log_retention_days]

  variables {
    log_retention_days = 31
  }
}

run "a_key_by_name" {
  command         = plan
  expect_failures = [var.kms_key_arn]

  variables {
    kms_key_arn = "alias/logs"
  }
}

run "a_boundary_by_name" {
  command         = plan
  expect_failures = [var.permissions_boundary_arn]

  variables {
    permissions_boundary_arn = "todo-boundary"
  }
}
