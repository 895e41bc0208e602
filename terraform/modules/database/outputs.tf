output "cluster_identifier" {
  description = "The cluster's name."
  value       = aws_rds_cluster.this.cluster_identifier
}

output "cluster_arn" {
  description = "The cluster, for policies."
  value       = aws_rds_cluster.this.arn
}

output "endpoint" {
  description = "Where the writer is."
  value       = aws_rds_cluster.this.endpoint
}

output "reader_endpoint" {
  description = "Where the readers are; the writer, while there is no other."
  value       = aws_rds_cluster.this.reader_endpoint
}

output "port" {
  description = "The port of PostgreSQL."
  value       = aws_rds_cluster.this.port
}

output "database_name" {
  description = "The database."
  value       = aws_rds_cluster.this.database_name
}

output "master_username" {
  description = "Its owner."
  value       = aws_rds_cluster.this.master_username
}

output "secret_arn" {
  description = "The secret that RDS keeps user name and password in, as JSON with the keys username and password."
  value       = aws_rds_cluster.this.master_user_secret[0].secret_arn
}
