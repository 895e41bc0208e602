output "repository_name" {
  description = "The repository's name, build-push's `repository`."
  value       = aws_ecr_repository.api.name
}

output "repository_url" {
  description = "Where the API's images are."
  value       = aws_ecr_repository.api.repository_url
}

output "repository_arn" {
  description = "The repository, for policies."
  value       = aws_ecr_repository.api.arn
}

output "cache_repository_url" {
  description = "Where the build cache is; empty without one."
  value       = one(aws_ecr_repository.cache[*].repository_url) == null ? "" : one(aws_ecr_repository.cache[*].repository_url)
}

output "cache_repository_arn" {
  description = "The cache repository, for policies; empty without one."
  value       = one(aws_ecr_repository.cache[*].arn) == null ? "" : one(aws_ecr_repository.cache[*].arn)
}
