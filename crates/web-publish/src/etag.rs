//! ETags as S3 makes them: what a mere list tells about an object's bytes.

use md5::{Digest as _, Md5};

use crate::{digest::hex, sums::Local, upload};

/// Whether the file has this ETag: the MD5 of its bytes, or of its parts' MD5s.
pub(crate) fn has_etag(local: &Local, etag: &str, buffer: &mut [u8]) -> std::io::Result<bool> {
    let Some((sum, count)) = etag.split_once('-') else {
        return Ok(md5_in_parts(local, u64::MAX, buffer)?
            .first()
            .is_some_and(|md5| hex(md5) == etag));
    };
    let Ok(count) = count.parse::<u64>() else { return Ok(false) };
    for size in part_sizes(local.size, count) {
        let mut all = Md5::new();
        for part in md5_in_parts(local, size, buffer)? {
            all.update(part);
        }
        if hex(&all.finalize()) == sum {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The part sizes that tools use and that cut `size` bytes into `count` parts.
fn part_sizes(size: u64, count: u64) -> Vec<u64> {
    const MIB: u64 = 1024 * 1024;
    // AWS CLI and SDKs 8 and 5, s5cmd 50, rclone 5, the console 16 or 17, MinIO 16 and 64, and whatever doubles these.
    let usual = [5, 8, 10, 15, 16, 17, 20, 25, 32, 50, 64, 100, 128, 256, 512].map(|n| n * MIB);
    let ours = upload::part_size(size);
    // A single part may be larger than all of them.
    let whole = (count == 1).then_some(size.max(1));
    let mut sizes: Vec<u64> = ours.into_iter().chain(whole).chain(usual).collect();
    sizes.retain(|part| size.div_ceil(*part).max(1) == count);
    sizes.dedup();
    sizes
}

fn md5_in_parts(local: &Local, part: u64, buffer: &mut [u8]) -> std::io::Result<Vec<[u8; 16]>> {
    use std::io::Read as _;
    let mut file = std::fs::File::open(&local.on_disk)?;
    let (mut all, mut current, mut left) = (Vec::new(), Md5::new(), part);
    let mut empty = true;
    loop {
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let count = file.read(&mut buffer[..most])?;
        if count == 0 {
            break;
        }
        current.update(&buffer[..count]);
        empty = false;
        left -= count as u64;
        if left == 0 {
            all.push(current.finalize_reset().into());
            (left, empty) = (part, true);
        }
    }
    if !empty || all.is_empty() {
        all.push(current.finalize().into());
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(bytes: &[u8]) -> (tempfile::TempDir, Local) {
        let root = tempfile::tempdir().unwrap();
        let on_disk = root.path().join("x");
        std::fs::write(&on_disk, bytes).unwrap();
        (root, Local::new(on_disk, bytes.len() as u64, None))
    }

    #[test]
    fn an_etag_is_an_md5_or_an_md5_of_md5s() {
        let mut buffer = vec![0; 4096];
        let (_root, empty) = local(b"");
        assert!(has_etag(&empty, "d41d8cd98f00b204e9800998ecf8427e", &mut buffer).unwrap());
        let (_root, hello) = local(b"hello");
        assert!(has_etag(&hello, "5d41402abc4b2a76b9719d911017c592", &mut buffer).unwrap());
        let one = hex(&Md5::digest(Md5::digest(b"hello")));
        assert!(has_etag(&hello, &format!("{one}-1"), &mut buffer).unwrap());
        assert!(!has_etag(&hello, &format!("{one}-2"), &mut buffer).unwrap());
        assert!(!has_etag(&hello, "not-an-etag", &mut buffer).unwrap());

        let bytes = vec![7; 9 * 1024 * 1024];
        let (_root, large) = local(&bytes);
        let (first, second) = bytes.split_at(8 * 1024 * 1024);
        let sums = [Md5::digest(first), Md5::digest(second)].concat();
        let etag = format!("{}-2", hex(&Md5::digest(sums)));
        assert!(has_etag(&large, &etag, &mut buffer).unwrap());
    }
}
