"""Files that are missing, garbled or open to others are answered with a sentence (security.md section 7)."""

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from certs.authority import private_pem
from certs.build import new_key
from certs.dev_pki import DevPki
from certs.errors import FileUnusable
from certs.files import OWNER_ONLY, write_whole
from certs.load import fingerprint_sha256, load_certificate, load_chain, load_crl, load_identity, load_private_key


@pytest.fixture
def key_path(tmp_path: Path) -> Path:
    write_whole(tmp_path / "key.pem", private_pem(new_key()), mode=OWNER_ONLY)
    return tmp_path / "key.pem"


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_a_key_of_its_owner_alone_is_read(key_path: Path, mode: int) -> None:
    key_path.chmod(mode)
    load_private_key(key_path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644, 0o666, 0o777])
def test_a_key_that_others_may_use_is_refused_and_the_remedy_named(key_path: Path, mode: int) -> None:
    key_path.chmod(mode)
    with pytest.raises(FileUnusable) as refused:
        load_private_key(key_path)
    assert f"permissions {mode:04o}" in str(refused.value)
    assert str(refused.value).endswith(f"run: chmod 600 {key_path}")


def test_a_link_to_an_open_key_is_refused_like_the_key(key_path: Path, tmp_path: Path) -> None:
    key_path.chmod(0o644)
    (tmp_path / "link.pem").symlink_to(key_path)
    with pytest.raises(FileUnusable, match="chmod 600"):
        load_private_key(tmp_path / "link.pem")


def test_an_encrypted_key_opens_with_its_passphrase_only(tmp_path: Path) -> None:
    secret = b"made up for this test"
    encryption = serialization.BestAvailableEncryption(secret)
    write_whole(
        tmp_path / "key.pem", new_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption), mode=OWNER_ONLY
    )
    load_private_key(tmp_path / "key.pem", passphrase=secret)
    for wrong in (None, b"", b"guess"):
        with pytest.raises(FileUnusable, match="passphrase given") as refused:
            load_private_key(tmp_path / "key.pem", passphrase=wrong)
        assert secret.decode() not in str(refused.value)


def test_a_passphrase_for_a_key_that_needs_none_is_refused(key_path: Path) -> None:
    with pytest.raises(FileUnusable, match="passphrase given"):
        load_private_key(key_path, passphrase=b"needless")


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    write_whole(
        tmp_path / "key.pem", key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), mode=OWNER_ONLY
    )
    with pytest.raises(FileUnusable, match="neither EC nor RSA"):
        load_private_key(tmp_path / "key.pem")


@pytest.mark.parametrize("load", [load_private_key, load_certificate, load_chain, load_crl])
def test_a_missing_file_is_named(tmp_path: Path, load: object) -> None:
    assert callable(load)
    with pytest.raises(FileUnusable, match=r"absent\.pem cannot be read: No such file"):
        load(tmp_path / "absent.pem")


@pytest.mark.parametrize("load", [load_private_key, load_certificate, load_chain, load_crl])
@pytest.mark.parametrize("content", [b"", b"\0\xff", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_garbled_file_is_named_and_not_quoted(tmp_path: Path, load: object, content: bytes) -> None:
    assert callable(load)
    write_whole(tmp_path / "garbled.pem", content, mode=OWNER_ONLY)
    with pytest.raises(FileUnusable, match=r"garbled\.pem holds no") as refused:
        load(tmp_path / "garbled.pem")
    assert "AAAA" not in str(refused.value)


def test_a_key_and_a_certificate_that_do_not_belong_together_are_refused(shared_pki: DevPki) -> None:
    one, other = shared_pki.issue("staff-client", "one"), shared_pki.issue("staff-client", "other")
    certificate, key = load_identity(one.certificate_path, one.key_path)
    assert certificate.public_key() == key.public_key()
    with pytest.raises(FileUnusable, match="does not belong to the certificate"):
        load_identity(one.certificate_path, other.key_path)


def test_a_fingerprint_is_of_the_whole_certificate(shared_pki: DevPki) -> None:
    """As ``sha256sum`` of the DER would print it."""
    from hashlib import sha256

    certificate = shared_pki.issue("staff-client", "fingerprinted").certificate
    assert fingerprint_sha256(certificate) == sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def test_a_write_that_fails_leaves_the_old_content_and_no_litter(tmp_path: Path) -> None:
    target = tmp_path / "list.pem"
    write_whole(target, b"old")
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_whole(tmp_path / "taken", b"new")
    assert target.read_bytes() == b"old"
    assert {path.name for path in tmp_path.iterdir()} == {"list.pem", "taken"}


def test_a_written_file_has_its_mode_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        write_whole(tmp_path / "for-all.pem", b"public")
    finally:
        os.umask(before)
    assert (tmp_path / "for-all.pem").stat().st_mode & 0o777 == 0o644
