//! The requests to S3, one function each. They decide nothing.

use std::collections::HashMap;

use actions_runtime::Step;
use aws_sdk_s3::{
    Client,
    config::{Builder, Region},
    error::{ProvideErrorMetadata, SdkError},
    operation::get_object::GetObjectError,
    primitives::ByteStream,
    types::{ChecksumMode, Delete, MetadataDirective, ObjectIdentifier},
};
use aws_session::{AwsError, Session};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{digest::Content, error::PublishError, headers::Headers};

/// Keys travel in a header when an object is copied.
const IN_HEADER: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// What one `DeleteObjects` takes.
const DELETED_AT_ONCE: usize = 1000;

/// A bucket, and where in it the site begins. Paths are below that place.
#[derive(Clone)]
pub(crate) struct Bucket {
    pub(crate) client: Client,
    pub(crate) session: Session,
    pub(crate) name: String,
    pub(crate) prefix: String,
}

/// A small object, read whole.
#[derive(Debug)]
pub(crate) struct Fetched {
    pub(crate) bytes: Vec<u8>,
    pub(crate) etag: String,
}

/// An object as a list shows it.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    pub(crate) path: String,
    pub(crate) size: u64,
    pub(crate) etag: String,
}

/// An object as `HeadObject` shows it.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    pub(crate) content: Content,
    /// In base64, where S3 holds one of the whole object.
    pub(crate) sha256: Option<String>,
    pub(crate) size: u64,
    pub(crate) headers: Headers,
    pub(crate) version: Option<String>,
    pub(crate) opaque: bool,
}

/// What S3 says of an object that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) etag: String,
    pub(crate) version: Option<String>,
}

/// What must be true of an object that is overwritten.
#[derive(Debug, Clone)]
pub(crate) enum Condition {
    Is(String),
    Absent,
}

/// How a conditional write ended.
#[derive(Debug)]
pub(crate) enum Put {
    Done(Written),
    /// Somebody else was there first.
    Lost,
    /// It may or may not have been done.
    Unknown(AwsError),
}

impl Bucket {
    pub(crate) fn new(session: &Session, name: &str, prefix: &str) -> Self {
        Self {
            client: client(session, None),
            session: session.clone(),
            name: name.to_owned(),
            prefix: prefix.to_owned(),
        }
    }

    /// Opens the bucket by reading `path` from it. A bucket in another region is followed there.
    pub(crate) async fn open(
        mut self,
        step: &Step,
        path: &str,
    ) -> Result<(Self, Option<Fetched>), AwsError> {
        let error = match self.get(path).await {
            Ok(fetched) => return Ok((self, fetched)),
            Err(error) => error,
        };
        let here = self.session.region();
        let region = error
            .raw_response()
            .filter(|response| matches!(response.status().as_u16(), 301 | 307 | 400))
            .and_then(|response| response.headers().get("x-amz-bucket-region"))
            .filter(|region| *region != here)
            .map(str::to_owned);
        let Some(region) = region else { return Err(self.explain("s3:GetObject", path, error)) };
        step.say(format!("the bucket `{}` is in {region}, not in {here}", self.name));
        self.client = client(&self.session, Some(region));
        let fetched = self.fetch(path).await?;
        Ok((self, fetched))
    }

    /// Where in the bucket `path` lies.
    pub(crate) fn key(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }

    pub(crate) fn explain<E, R>(
        &self,
        operation: &str,
        path: &str,
        error: SdkError<E, R>,
    ) -> AwsError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        R: std::fmt::Debug + 'static,
    {
        self.session.explain(operation, format!("{}/{}", self.name, self.key(path)), error)
    }

    async fn get(
        &self,
        path: &str,
    ) -> Result<Option<Fetched>, SdkError<GetObjectError, aws_sdk_s3::config::http::HttpResponse>>
    {
        let request = self.client.get_object().bucket(&self.name).key(self.key(path));
        match request.send().await {
            Ok(object) => {
                let etag = unquoted(object.e_tag.as_deref());
                let body = object.body.collect().await.map_err(SdkError::construction_failure)?;
                Ok(Some(Fetched { bytes: body.to_vec(), etag }))
            }
            Err(error) if is_no_such_key(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A small object, or nothing where there is none.
    pub(crate) async fn fetch(&self, path: &str) -> Result<Option<Fetched>, AwsError> {
        self.get(path).await.map_err(|error| self.explain("s3:GetObject", path, error))
    }

    pub(crate) async fn head(&self, path: &str) -> Result<Option<Head>, AwsError> {
        self.head_version(path, None).await
    }

    pub(crate) async fn head_version(
        &self,
        path: &str,
        id: Option<&str>,
    ) -> Result<Option<Head>, AwsError> {
        let request = self
            .client
            .head_object()
            .bucket(&self.name)
            .key(self.key(path))
            .set_version_id(id.map(str::to_owned))
            .checksum_mode(ChecksumMode::Enabled);
        let object = match request.send().await {
            Ok(object) => object,
            Err(error) => {
                let error = self.explain("s3:GetObject", path, error);
                return if error.is_not_found() { Ok(None) } else { Err(error) };
            }
        };
        let kms = object.server_side_encryption().is_some_and(|kind| kind.as_str() != "AES256");
        let whole = object.checksum_sha256().filter(|sum| !sum.contains('-'));
        Ok(Some(Head {
            content: Content { sha256: None, etag: Some(unquoted(object.e_tag())) },
            sha256: whole.map(str::to_owned),
            size: object.content_length().and_then(|size| size.try_into().ok()).unwrap_or_default(),
            headers: Headers {
                content_type: object.content_type().unwrap_or_default().to_owned(),
                cache_control: object.cache_control().unwrap_or_default().to_owned(),
                metadata: object
                    .metadata()
                    .map(|all| all.iter().map(|(k, v)| (k.clone(), v.clone())).collect())
                    .unwrap_or_default(),
            },
            version: version(object.version_id()),
            opaque: kms || object.sse_customer_algorithm().is_some(),
        }))
    }

    /// Everything below the prefix, in the order of keys.
    pub(crate) async fn list(&self) -> Result<Vec<Listed>, AwsError> {
        let mut all = Vec::new();
        let mut token = None;
        loop {
            let page = self
                .client
                .list_objects_v2()
                .bucket(&self.name)
                .prefix(&self.prefix)
                .set_continuation_token(token)
                .send()
                .await
                .map_err(|error| self.session.explain("s3:ListBucket", &self.name, error))?;
            all.extend(page.contents().iter().filter_map(|object| {
                Some(Listed {
                    path: object.key()?.strip_prefix(&self.prefix)?.to_owned(),
                    size: object.size().and_then(|size| size.try_into().ok()).unwrap_or_default(),
                    etag: unquoted(object.e_tag()),
                })
            }));
            token = page.next_continuation_token;
            if token.is_none() {
                return Ok(all);
            }
        }
    }

    /// Names of buckets that these credentials see.
    pub(crate) async fn names(session: &Session) -> Result<Vec<String>, AwsError> {
        let list = client(session, None)
            .list_buckets()
            .send()
            .await
            .map_err(|error| session.explain("s3:ListAllMyBuckets", "", error))?;
        Ok(list.buckets().iter().filter_map(|one| one.name().map(str::to_owned)).collect())
    }

    /// Writes a small JSON object of ours, whoever has it now.
    pub(crate) async fn put(&self, path: &str, bytes: Vec<u8>) -> Result<Written, AwsError> {
        let written = self
            .json(path, bytes)
            .send()
            .await
            .map_err(|error| self.explain("s3:PutObject", path, error))?;
        Ok(Written { etag: unquoted(written.e_tag()), version: version(written.version_id()) })
    }

    /// Writes a small JSON object of ours, only where it is what we think.
    pub(crate) async fn put_if(
        &self,
        path: &str,
        bytes: Vec<u8>,
        condition: &Condition,
    ) -> Result<Put, AwsError> {
        let request = self.json(path, bytes);
        let request = match condition {
            Condition::Is(etag) => request.if_match(format!("\"{etag}\"")),
            Condition::Absent => request.if_none_match("*"),
        };
        let error = match request.send().await {
            Ok(written) => {
                return Ok(Put::Done(Written {
                    etag: unquoted(written.e_tag()),
                    version: version(written.version_id()),
                }));
            }
            Err(error) => error,
        };
        let lost = error
            .raw_response()
            .is_some_and(|response| matches!(response.status().as_u16(), 404 | 409 | 412))
            && error.code() != Some("NoSuchBucket");
        let error = self.explain("s3:PutObject", path, error);
        match lost {
            true => Ok(Put::Lost),
            false if error.is_doubtful() => Ok(Put::Unknown(error)),
            false => Err(error),
        }
    }

    fn json(
        &self,
        path: &str,
        bytes: Vec<u8>,
    ) -> aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder {
        self.client
            .put_object()
            .bucket(&self.name)
            .key(self.key(path))
            .content_type("application/json")
            .cache_control("no-store")
            .body(ByteStream::from(bytes))
    }

    /// Copies inside the bucket. Without `headers` the copy keeps those of its source; `is` is the source's ETag, if it matters.
    pub(crate) async fn copy(
        &self,
        from: &str,
        of_version: Option<&str>,
        to: &str,
        headers: Option<&Headers>,
        is: Option<&str>,
    ) -> Result<Written, AwsError> {
        let key = self.key(from);
        let mut source = format!("{}/{}", self.name, utf8_percent_encode(&key, IN_HEADER));
        if let Some(version) = of_version {
            source = format!("{source}?versionId={}", utf8_percent_encode(version, IN_HEADER));
        }
        let mut request =
            self.client.copy_object().bucket(&self.name).key(self.key(to)).copy_source(source);
        if let Some(headers) = headers {
            request = request
                .metadata_directive(MetadataDirective::Replace)
                .content_type(&headers.content_type)
                .cache_control(&headers.cache_control)
                .set_metadata(metadata(headers));
        }
        if let Some(etag) = is {
            request = request.copy_source_if_match(format!("\"{etag}\""));
        }
        let copied =
            request.send().await.map_err(|error| self.explain("s3:PutObject", to, error))?;
        Ok(Written {
            etag: unquoted(copied.copy_object_result().and_then(|result| result.e_tag())),
            version: version(copied.version_id()),
        })
    }

    /// Deletes many; what S3 would not delete is an error.
    pub(crate) async fn delete(&self, paths: &[String]) -> Result<(), PublishError> {
        let mut refused = Vec::new();
        for batch in paths.chunks(DELETED_AT_ONCE) {
            let objects = batch
                .iter()
                .filter_map(|path| ObjectIdentifier::builder().key(self.key(path)).build().ok());
            let Ok(delete) =
                Delete::builder().set_objects(Some(objects.collect())).quiet(true).build()
            else {
                continue;
            };
            let answer = self
                .client
                .delete_objects()
                .bucket(&self.name)
                .delete(delete)
                .send()
                .await
                .map_err(|error| self.session.explain("s3:DeleteObject", &self.name, error))?;
            refused.extend(answer.errors);
        }
        let refused: Vec<_> = refused.into_iter().flatten().collect();
        match refused.first() {
            None => Ok(()),
            Some(first) => Err(PublishError::Undeleted {
                count: refused.len(),
                key: first.key().unwrap_or_default().to_owned(),
                message: format!(
                    "{}: {}",
                    first.code().unwrap_or("no code"),
                    first.message().unwrap_or("no message")
                ),
            }),
        }
    }

    /// For requests that send a file: see `upload.rs`.
    pub(crate) fn put_file(
        &self,
        path: &str,
        headers: &Headers,
    ) -> aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder {
        self.client
            .put_object()
            .bucket(&self.name)
            .key(self.key(path))
            .content_type(&headers.content_type)
            .cache_control(&headers.cache_control)
            .set_metadata(metadata(headers))
    }
}

fn client(session: &Session, region: Option<String>) -> Client {
    let mut config = Builder::from(session.config())
        // An emulator's host has no name for each bucket.
        .force_path_style(session.endpoint_overridden("S3"));
    if let Some(region) = region {
        config = config.region(Region::new(region));
    }
    Client::from_conf(config.build())
}

pub(crate) fn metadata(headers: &Headers) -> Option<HashMap<String, String>> {
    let all: HashMap<_, _> =
        headers.metadata.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    (!all.is_empty()).then_some(all)
}

pub(crate) fn unquoted(etag: Option<&str>) -> String {
    etag.unwrap_or_default().trim_matches('"').to_owned()
}

/// A bucket whose versioning is off or suspended says nothing or `null`, and then nothing is kept.
pub(crate) fn version(id: Option<&str>) -> Option<String> {
    id.filter(|id| !id.is_empty() && *id != "null").map(str::to_owned)
}

/// Not a missing bucket: that is an error.
fn is_no_such_key<R>(error: &SdkError<GetObjectError, R>) -> bool {
    error.code() == Some("NoSuchKey")
}
