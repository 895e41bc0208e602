# Each validation refuses what AWS would refuse later, or would take to nobody's joy.

mock_provider "aws" {
  source = "../../tests/aws"
}

variables {
  name              = "todo-test"
  subnet_ids        = ["subnet-1", "subnet-2"]
  security_group_id = "sg-1"
}

run "a_name_with_two_hyphens" {
  command         = plan
  expect_failures = [var.name]

  variables {
    name = "todo--test"
  }
}

run "one_subnet" {
  command         = plan
  expect_failures = [var.subnet_ids]

  variables {
    subnet_ids = ["subnet-1"]
  }
}

run "a_group_by_name" {
  command         = plan
  expect_failures = [var.security_group_id]

  variables {
    security_group_id = "database"
  }
}

run "a_minor_version" {
  command         = plan
  expect_failures = [var.engine_version]

  variables {
    engine_version = "16.4"
  }
}

run "a_database_with_a_hyphen" {
  command         = plan
  expect_failures = [var.database_name]

  variables {
    database_name = "todo-db"
  }
}

run "everybodys_guess" {
  command         = plan
  expect_failures = [var.master_username]

  variables {
    master_username = "postgres"
  }
}

run "a_low_port" {
  command         = plan
  expect_failures = [var.port]

  variables {
    port = 543
  }
}

run "no_instance" {
  command         = plan
  expect_failures = [var.instances]

  variables {
    instances = 0
  }
}

run "more_min_than_max" {
  command         = plan
  expect_failures = [var.capacity]

  variables {
    capacity = { min = 4, max = 2 }
  }
}

run "a_third_of_a_unit" {
  command         = plan
  expect_failures = [var.capacity]

  variables {
    capacity = { min = 0.3 }
  }
}

run "pausing_at_once" {
  command         = plan
  expect_failures = [var.capacity]

  variables {
    capacity = { min = 0, seconds_until_pause = 10 }
  }
}

run "no_backup" {
  command         = plan
  expect_failures = [var.backup_retention_days]

  variables {
    backup_retention_days = 0
  }
}

run "a_backup_at_25_oclock" {
  command         = plan
  expect_failures = [var.backup_window]

  variables {
    backup_window = "25:00-26:00"
  }
}

run "maintenance_on_a_capital_day" {
  command         = plan
  expect_failures = [var.maintenance_window]

  variables {
    maintenance_window = "Sun:04:00-Sun:05:00"
  }
}

run "a_password_for_ever" {
  command         = plan
  expect_failures = [var.password_rotation_days]

  variables {
    password_rotation_days = 10000
  }
}

run "a_key_by_name" {
  command         = plan
  expect_failures = [var.kms_key_arn]

  variables {
    kms_key_arn = "alias/data"
  }
}

run "measuring_every_two_seconds" {
  command         = plan
  expect_failures = [var.monitoring_interval]

  variables {
    monitoring_interval = 2
  }
}

run "slower_than_never" {
  command         = plan
  expect_failures = [var.slow_query_milliseconds]

  variables {
    slow_query_milliseconds = -2
  }
}

run "a_retention_that_does_not_exist" {
  command         = plan
  expect_failures = [var.log_retention_days]

  variables {
    log_retention_days = 31
  }
}

run "a_boundary_by_name" {
  command         = plan
  expect_failures = [var.permissions_boundary_arn]

  variables {
    permissions_boundary_arn = "todo-boundary"
  }
}
