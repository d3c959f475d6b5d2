"""What is encrypted: the vault, the spool, kept objects."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consentry.errors import NotFoundError, StorageError
from consentry.storage import open_storage
from consentry.storage.spool import EncryptedSpool
from consentry.storage.vault import Vault

PLAIN = b"a pelican stands in the water " * 50


def test_the_master_key_is_made_once_for_this_user_alone(tmp_path):
    sealed = Vault.load(tmp_path).seal(PLAIN, purpose="test")
    path = tmp_path / "keys" / "master.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [one.name for one in path.parent.iterdir()] == ["master.key"]
    assert Vault.load(tmp_path).open(sealed, purpose="test") == PLAIN


def test_processes_that_start_together_agree_on_the_key(tmp_path):
    code = (
        "import sys; from pathlib import Path; from consentry.storage.vault import Vault;"
        f"Vault.load(Path({str(tmp_path)!r}));"
        f"print(Path({str(tmp_path / 'keys' / 'master.key')!r}).read_bytes().hex())"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment
        )
        for _ in range(4)
    ]
    assert len({one.communicate()[0].strip() for one in running}) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_master_key_that_others_may_read_is_refused(tmp_path, mode):
    Vault.load(tmp_path)
    (tmp_path / "keys" / "master.key").chmod(mode)
    with pytest.raises(StorageError, match="chmod 600"):
        Vault.load(tmp_path)


def test_a_folder_of_keys_that_others_may_use_is_refused(tmp_path):
    Vault.load(tmp_path)
    (tmp_path / "keys").chmod(0o750)
    with pytest.raises(StorageError, match="chmod 700"):
        Vault.load(tmp_path)


def test_a_damaged_master_key_is_refused(tmp_path):
    Vault.load(tmp_path)
    (tmp_path / "keys" / "master.key").write_bytes(b"short")
    with pytest.raises(StorageError, match="damaged"):
        Vault.load(tmp_path)


def test_every_altered_byte_is_noticed():
    vault = Vault(bytes(32))
    sealed = vault.seal(b"pelican", purpose="a")
    for place in range(len(sealed)):
        altered = bytearray(sealed)
        altered[place] ^= 1
        with pytest.raises(StorageError):
            vault.open(bytes(altered), purpose="a")
    for length in range(len(sealed)):
        with pytest.raises(StorageError):
            vault.open(sealed[:length], purpose="a")


def test_another_purpose_or_key_does_not_open():
    sealed = Vault(bytes(32)).seal(PLAIN, purpose="a")
    with pytest.raises(StorageError):
        Vault(bytes(32)).open(sealed, purpose="b")
    with pytest.raises(StorageError):
        Vault(b"1" * 32).open(sealed, purpose="a")
    assert Vault(bytes(32)).seal(PLAIN, purpose="a") != sealed


@settings(max_examples=30, deadline=None)
@given(chunks=st.lists(st.binary(max_size=300), max_size=12), memory=st.integers(1, 600))
def test_a_spool_gives_back_what_was_written(tmp_path_factory, chunks, memory):
    with EncryptedSpool(tmp_path_factory.getbasetemp() / "spool", memory) as spool:
        for chunk in chunks:
            spool.write(chunk)
        assert spool.read_all() == spool.read_all() == b"".join(chunks)
        assert spool.size == sum(map(len, chunks))
        assert spool.on_disk == (spool.size > memory)
        spool.write(b"more")
        assert spool.read_all() == b"".join(chunks) + b"more"


def _open_files(folder: Path) -> list[Path]:
    """The nameless files of this process in `folder`, by /proc."""
    found = []
    for link in Path("/proc/self/fd").iterdir():
        try:
            target = link.readlink()
        except FileNotFoundError:  # the listing's own descriptor
            continue
        if str(target).startswith(str(folder)):
            found.append(link)
    return found


def test_a_spool_writes_nothing_plain_and_no_name(tmp_path):
    folder = tmp_path / "spool"
    with EncryptedSpool(folder, 100) as spool:
        for _ in range(5):
            spool.write(PLAIN)
        assert list(folder.iterdir()) == []
        assert folder.stat().st_mode & 0o777 == 0o700
        spool.read_all()  # flushes
        (file,) = _open_files(folder)
        raw = file.read_bytes()
        assert len(raw) > 5 * len(PLAIN)
        assert b"pelican" not in raw
        assert spool._disk is not None
    assert _open_files(folder) == []


def test_a_small_spool_never_touches_the_disk(tmp_path):
    with EncryptedSpool(tmp_path / "spool", 100) as spool:
        spool.write(b"a" * 100)
        assert not (tmp_path / "spool").exists()


def test_a_spool_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    with EncryptedSpool(tmp_path / "file" / "spool", 1) as spool, pytest.raises(StorageError):
        spool.write(b"ab")


def test_an_object_is_kept_encrypted_and_comes_back(storage, settings):
    object_id = storage.objects.put(PLAIN, purpose="decision:" + "0" * 32)
    assert storage.objects.get(object_id) == PLAIN
    for path in settings.home.rglob("*"):
        if path.is_file():
            assert b"pelican" not in path.read_bytes()
            assert path.stat().st_mode & 0o077 == 0


def test_a_deleted_object_cannot_be_opened_from_a_copy(storage, settings):
    object_id = storage.objects.put(PLAIN, purpose="evidence")
    path = settings.home / "objects" / object_id[:2] / object_id
    copy = path.read_bytes()
    with storage._engine.connect() as connection:
        wrapped = connection.exec_driver_sql("SELECT wrapped_key FROM objects").scalar()
    storage.objects.delete(object_id)
    assert not path.exists()
    with pytest.raises(NotFoundError):
        storage.objects.get(object_id)
    path.write_bytes(copy)
    with pytest.raises(NotFoundError):
        storage.objects.get(object_id)
    for file in settings.home.glob("consentry.db*"):
        assert wrapped not in file.read_bytes()
    storage.objects.delete(object_id)


def test_an_object_whose_file_is_gone_or_swapped_is_refused(storage, settings):
    one = storage.objects.put(b"one", purpose="a")
    two = storage.objects.put(b"two", purpose="a")
    folder = settings.home / "objects"
    (folder / one[:2] / one).write_bytes((folder / two[:2] / two).read_bytes())
    (folder / two[:2] / two).unlink()
    for object_id in (one, two):
        with pytest.raises(StorageError):
            storage.objects.get(object_id)


def test_storage_opens_objects_late(settings):
    storage = open_storage(settings)
    assert not (settings.home / "keys").exists()
    storage.close()
