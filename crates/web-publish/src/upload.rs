//! Sending files: small ones from memory, larger ones as a stream, the largest in parts. S3 checks each by its SHA-256.

use aws_sdk_s3::{
    error::ProvideErrorMetadata as _,
    primitives::{ByteStream, Length},
    types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart},
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    bucket::{Bucket, Written, metadata, unquoted, version},
    digest::Digest,
    error::PublishError,
    headers::Headers,
    sums::{Local, Sums},
};

/// Up to here a file is read in one go: with 64 in flight that is 8 MiB.
const SMALL: u64 = 128 * 1024;
/// Streams are read in pieces of this size.
const PIECE: usize = 64 * 1024;
/// Up to here a file is one request.
const SINGLE: u64 = 64 * 1024 * 1024;
const SMALLEST_PART: u64 = 16 * 1024 * 1024;
/// S3 takes 10,000.
const MOST_PARTS: u64 = 9_000;
/// Parts of one file in flight at once.
const PARTS_AT_ONCE: usize = 4;

/// The size of the parts in which a file of `size` bytes is sent; nothing where it is sent whole.
pub(crate) fn part_size(size: u64) -> Option<u64> {
    const MIB: u64 = 1024 * 1024;
    (size > SINGLE)
        .then(|| size.div_ceil(MOST_PARTS).div_ceil(MIB).saturating_mul(MIB).max(SMALLEST_PART))
}

/// A file to send.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Upload<'a> {
    pub(crate) path: &'a str,
    pub(crate) local: &'a Local,
    pub(crate) sums: &'a Sums,
    pub(crate) headers: &'a Headers,
}

pub(crate) async fn upload(bucket: &Bucket, file: Upload<'_>) -> Result<Written, PublishError> {
    if let Some(part) = part_size(file.local.size) {
        return in_parts(bucket, file, part).await;
    }
    let body = if file.local.size <= SMALL {
        let bytes = std::fs::read(&file.local.on_disk)
            .map_err(|source| PublishError::read(&file.local.on_disk, source))?;
        if bytes.len() as u64 != file.local.size {
            return Err(PublishError::Changed { path: file.path.to_owned() });
        }
        ByteStream::from(bytes)
    } else {
        stream_of(file, 0, file.local.size).await?
    };
    let sent = bucket
        .put_file(file.path, file.headers)
        .checksum_sha256(file.sums.sha256.base64())
        .body(body)
        .send()
        .await;
    match sent {
        Ok(sent) => {
            Ok(Written { etag: unquoted(sent.e_tag()), version: version(sent.version_id()) })
        }
        Err(error) if is_other_bytes(error.code()) => {
            Err(PublishError::Changed { path: file.path.to_owned() })
        }
        Err(error) => Err(bucket.explain("s3:PutObject", file.path, error).into()),
    }
}

async fn stream_of(file: Upload<'_>, from: u64, length: u64) -> Result<ByteStream, PublishError> {
    ByteStream::read_from()
        .path(&file.local.on_disk)
        .offset(from)
        .length(Length::Exact(length))
        .buffer_size(PIECE)
        .build()
        .await
        .map_err(|error| PublishError::read(&file.local.on_disk, std::io::Error::other(error)))
}

async fn in_parts(bucket: &Bucket, file: Upload<'_>, part: u64) -> Result<Written, PublishError> {
    let key = bucket.key(file.path);
    let begun = bucket
        .client
        .create_multipart_upload()
        .bucket(&bucket.name)
        .key(&key)
        .checksum_algorithm(ChecksumAlgorithm::Sha256)
        .content_type(&file.headers.content_type)
        .cache_control(&file.headers.cache_control)
        .set_metadata(metadata(file.headers))
        .send()
        .await
        .map_err(|error| bucket.explain("s3:PutObject", file.path, error))?;
    let id = begun.upload_id().unwrap_or_default();
    match send_parts(bucket, file, part, &key, id).await {
        Ok(written) => Ok(written),
        Err(error) => {
            // Parts that belong to no object cost money until somebody looks for them.
            let _left_behind = bucket
                .client
                .abort_multipart_upload()
                .bucket(&bucket.name)
                .key(&key)
                .upload_id(id)
                .send()
                .await;
            Err(error)
        }
    }
}

async fn send_parts(
    bucket: &Bucket,
    file: Upload<'_>,
    part: u64,
    key: &str,
    id: &str,
) -> Result<Written, PublishError> {
    let one = async |(at, digest): (u64, &Digest)| -> Result<CompletedPart, PublishError> {
        let from = at * part;
        let number = i32::try_from(at + 1).unwrap_or(i32::MAX);
        let body = stream_of(file, from, part.min(file.local.size - from)).await?;
        let sent = bucket
            .client
            .upload_part()
            .bucket(&bucket.name)
            .key(key)
            .upload_id(id)
            .part_number(number)
            .checksum_sha256(digest.base64())
            .body(body)
            .send()
            .await;
        match sent {
            Ok(sent) => Ok(CompletedPart::builder()
                .part_number(number)
                .checksum_sha256(digest.base64())
                .set_e_tag(sent.e_tag)
                .build()),
            Err(error) if is_other_bytes(error.code()) => {
                Err(PublishError::Changed { path: file.path.to_owned() })
            }
            Err(error) => Err(bucket.explain("s3:PutObject", file.path, error).into()),
        }
    };
    let sent: Vec<CompletedPart> = stream::iter((0..).zip(&file.sums.parts))
        .map(one)
        .buffered(PARTS_AT_ONCE)
        .try_collect()
        .await?;
    let done = bucket
        .client
        .complete_multipart_upload()
        .bucket(&bucket.name)
        .key(key)
        .upload_id(id)
        .multipart_upload(CompletedMultipartUpload::builder().set_parts(Some(sent)).build())
        .send()
        .await
        .map_err(|error| bucket.explain("s3:PutObject", file.path, error))?;
    Ok(Written { etag: unquoted(done.e_tag()), version: version(done.version_id()) })
}

/// S3 found other bytes than those whose digest it was told.
fn is_other_bytes(code: Option<&str>) -> bool {
    matches!(code, Some("BadDigest" | "XAmzContentSHA256Mismatch" | "XAmzContentChecksumMismatch"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_files_go_in_parts_that_are_not_too_many() {
        const GIB: u64 = 1024 * 1024 * 1024;
        assert_eq!(part_size(SINGLE), None);
        assert_eq!(part_size(SINGLE + 1), Some(SMALLEST_PART));
        assert_eq!(part_size(2 * GIB), Some(SMALLEST_PART));
        let part = part_size(4096 * GIB).unwrap();
        assert!((4096 * GIB).div_ceil(part) <= MOST_PARTS && part.is_multiple_of(1024 * 1024));
    }
}
