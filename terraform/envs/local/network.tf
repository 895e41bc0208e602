resource "aws_vpc" "this" {
  cidr_block         = var.vpc_cidr
  enable_dns_support = true
  # No DNS host names, which nothing here asks for: the provider waits ten seconds after setting them.

  tags = { Name = var.name }
}

# The load balancer stands here.
resource "aws_subnet" "public" {
  for_each = { for index, zone in var.availability_zones : zone => index }

  vpc_id            = aws_vpc.this.id
  availability_zone = "${var.aws_region}${each.key}"
  cidr_block        = cidrsubnet(var.vpc_cidr, 8, 1 + each.value)

  tags = { Name = "${var.name}-public-${each.key}" }
}

# The API's tasks run here.
resource "aws_subnet" "private" {
  for_each = { for index, zone in var.availability_zones : zone => index }

  vpc_id            = aws_vpc.this.id
  availability_zone = "${var.aws_region}${each.key}"
  cidr_block        = cidrsubnet(var.vpc_cidr, 8, 11 + each.value)

  tags = { Name = "${var.name}-private-${each.key}" }
}

# The database has no way out, and none in but from the API.
resource "aws_subnet" "database" {
  for_each = { for index, zone in var.availability_zones : zone => index }

  vpc_id            = aws_vpc.this.id
  availability_zone = "${var.aws_region}${each.key}"
  cidr_block        = cidrsubnet(var.vpc_cidr, 8, 21 + each.value)

  tags = { Name = "${var.name}-database-${each.key}" }
}

resource "aws_security_group" "load_balancer" {
  name        = "${var.name}-load-balancer"
  description = "Visitors reach the load balancer."
  vpc_id      = aws_vpc.this.id
}

resource "aws_security_group" "api" {
  name        = "${var.name}-api"
  description = "The load balancer reaches the API."
  vpc_id      = aws_vpc.this.id
}

resource "aws_security_group" "database" {
  name        = "${var.name}-database"
  description = "The API reaches the database."
  vpc_id      = aws_vpc.this.id
}

# A resource for each rule: rules inside a group are changed as a whole, and a wrong one cuts everybody off.
resource "aws_security_group_rule" "visitors_to_load_balancer" {
  description       = "HTTP from anywhere"
  security_group_id = aws_security_group.load_balancer.id
  type              = "ingress"
  protocol          = "tcp"
  from_port         = 80
  to_port           = 80
  cidr_blocks       = ["0.0.0.0/0"]
}

resource "aws_security_group_rule" "load_balancer_to_api" {
  description              = "Port of the API from the load balancer"
  security_group_id        = aws_security_group.api.id
  type                     = "ingress"
  protocol                 = "tcp"
  from_port                = var.api_port
  to_port                  = var.api_port
  source_security_group_id = aws_security_group.load_balancer.id
}

resource "aws_security_group_rule" "api_to_database" {
  description              = "PostgreSQL from the API"
  security_group_id        = aws_security_group.database.id
  type                     = "ingress"
  protocol                 = "tcp"
  from_port                = 5432
  to_port                  = 5432
  source_security_group_id = aws_security_group.api.id
}
