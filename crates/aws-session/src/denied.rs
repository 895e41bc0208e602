//! AWS's refusals, read: who may not do what on what, and which kind of policy says so.

/// `User: … is not authorized to perform: … on resource: … because …`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Denial<'a> {
    pub(crate) principal: Option<&'a str>,
    pub(crate) action: Option<&'a str>,
    pub(crate) resource: Option<&'a str>,
    /// `with an explicit deny in a service control policy`: no allow helps.
    pub(crate) explicit: Option<&'a str>,
}

impl<'a> Denial<'a> {
    /// The role behind `arn:aws:sts::123456789012:assumed-role/deploy/session`: what a policy is attached to.
    pub(crate) fn role(&self) -> Option<&'a str> {
        self.principal?.split_once(":assumed-role/")?.1.split('/').next()
    }
}

pub(crate) fn read(message: &str) -> Denial<'_> {
    let word_after = |start: &str| {
        let (_, rest) = message.split_once(start)?;
        let word = rest.split_whitespace().next()?.trim_matches(['"', '\'', ',', '.', ';']);
        (!word.is_empty()).then_some(word)
    };
    Denial {
        principal: word_after("User: "),
        action: word_after("authorized to perform: ")
            .or_else(|| word_after("authorized to perform ")),
        resource: word_after("on resource: "),
        explicit: message
            .find("with an explicit deny")
            .map(|at| message[at..].trim_end_matches('.')),
    }
}

/// The IAM action of an operation, where the two are not named alike.
pub(crate) fn iam_action(operation: &str) -> &str {
    match operation {
        "s3:ListObjects" | "s3:ListObjectsV2" | "s3:HeadBucket" => "s3:ListBucket",
        "s3:HeadObject" => "s3:GetObject",
        "s3:DeleteObjects" => "s3:DeleteObject",
        "s3:CopyObject"
        | "s3:CreateMultipartUpload"
        | "s3:UploadPart"
        | "s3:CompleteMultipartUpload" => "s3:PutObject",
        "s3:ListBuckets" => "s3:ListAllMyBuckets",
        operation => operation,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_who_what_and_where() {
        let message = "User: arn:aws:sts::123456789012:assumed-role/deploy/run-1 is not authorized to perform: \
                       ecs:UpdateService on resource: arn:aws:ecs:eu-west-1:123456789012:service/todo/api because no \
                       identity-based policy allows the ecs:UpdateService action";
        assert_eq!(
            read(message),
            Denial {
                principal: Some("arn:aws:sts::123456789012:assumed-role/deploy/run-1"),
                action: Some("ecs:UpdateService"),
                resource: Some("arn:aws:ecs:eu-west-1:123456789012:service/todo/api"),
                explicit: None,
            }
        );
    }

    #[test]
    fn a_session_s_role_is_named_and_a_user_has_none() {
        let denial =
            read("User: arn:aws:sts::123456789012:assumed-role/deploy/run-1 is not authorized");
        assert_eq!(denial.role(), Some("deploy"));
        assert_eq!(read("User: arn:aws:iam::1:user/a is not authorized").role(), None);
    }

    #[test]
    fn s3_quotes_and_policies_deny() {
        let denial = read(
            "User: arn:aws:iam::1:user/a is not authorized to perform: s3:PutObject on resource: \"arn:aws:s3:::b/k\" \
             with an explicit deny in a service control policy",
        );
        assert_eq!(denial.resource, Some("arn:aws:s3:::b/k"));
        assert_eq!(denial.explicit, Some("with an explicit deny in a service control policy"));
        assert_eq!(read("Access Denied"), Denial::default());
    }

    #[test]
    fn trust_policies_say_it_without_a_colon() {
        let denial = read("Not authorized to perform sts:AssumeRoleWithWebIdentity");
        assert_eq!(denial.action, Some("sts:AssumeRoleWithWebIdentity"));
    }
}
