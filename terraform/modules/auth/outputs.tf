output "user_pool_id" {
  description = "The user pool."
  value       = aws_cognito_user_pool.this.id
}

output "user_pool_arn" {
  description = "The user pool, for policies."
  value       = aws_cognito_user_pool.this.arn
}

output "client_id" {
  description = "The page's client, which is no secret."
  value       = aws_cognito_user_pool_client.web.id
}

output "issuer" {
  description = "Who signs the tokens: what the API compares `iss` with."
  value       = "https://cognito-idp.${data.aws_region.here.region}.amazonaws.com/${aws_cognito_user_pool.this.id}"
}

output "jwks_url" {
  description = "The keys by which the API checks a token."
  value       = "https://cognito-idp.${data.aws_region.here.region}.amazonaws.com/${aws_cognito_user_pool.this.id}/.well-known/jwks.json"
}

output "login_url" {
  description = "Where people sign in."
  value       = "https://${aws_cognito_user_pool_domain.this.domain}.auth.${data.aws_region.here.region}.amazoncognito.com"
}
