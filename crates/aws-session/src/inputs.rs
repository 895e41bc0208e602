//! What every program that talks to AWS takes.

use std::{fmt, str::FromStr};

/// Where and as whom a program works.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct AwsInputs {
    /// AWS region.
    ///
    /// Without it: `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile's region, the instance's region.
    #[arg(long, value_name = "REGION")]
    pub aws_region: Option<String>,

    /// IAM role to work as.
    ///
    /// In a job the program itself exchanges the job's OIDC token for the role's credentials, which needs
    /// `permissions: id-token: write`: they touch neither the environment, the disk nor another step, and are renewed when
    /// a wait outlives them. Elsewhere the role is assumed with the credentials at hand.
    #[arg(long, value_name = "ARN")]
    pub role_to_assume: Option<RoleArn>,

    /// AWS accounts in which this may run, separated by lines or commas.
    ///
    /// Credentials of any other account end the run before anything is written.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub allowed_account_ids: Vec<AccountId>,
}

/// Twelve digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountId(String);

impl AccountId {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for AccountId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if is_account(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err("an AWS account id is twelve digits")
        }
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `arn:aws:iam::123456789012:role/deploy`, in any partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleArn(String);

impl RoleArn {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RoleArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for RoleArn {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        match parts.as_slice() {
            ["arn", partition, "iam", "", account, role]
                if partition.starts_with("aws")
                    && is_account(account)
                    && role.strip_prefix("role/").is_some_and(|name| !name.is_empty()) =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => Err("a role looks like `arn:aws:iam::123456789012:role/name`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_of_every_partition_are_taken_and_names_are_not() {
        for arn in [
            "arn:aws:iam::123456789012:role/deploy",
            "arn:aws-us-gov:iam::123456789012:role/team/deploy",
            "arn:aws-cn:iam::123456789012:role/deploy",
        ] {
            assert_eq!(arn.parse::<RoleArn>().unwrap().as_str(), arn);
        }
        for not in [
            "deploy",
            "arn:aws:iam::1234:role/x",
            "arn:aws:iam::123456789012:user/x",
            "arn:aws:iam::123456789012:role/",
        ] {
            assert!(not.parse::<RoleArn>().is_err(), "{not}");
        }
    }

    #[test]
    fn account_ids_are_twelve_digits() {
        assert_eq!(" 012345678901 ".parse::<AccountId>().unwrap().as_str(), "012345678901");
        assert!("12345678901".parse::<AccountId>().is_err());
        assert!("my-account".parse::<AccountId>().is_err());
    }
}
