import shutil
import tarfile
import zipfile


def unpack(path, folder):
    with tarfile.open(path) as archive:
        archive.extractall(folder, filter="data")


def unpack_chosen(path, folder):
    with tarfile.open(path) as archive:
        archive.extractall(folder, members=chosen(archive))


def unpack_zip(path, folder):
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)


def unpack_any(path, folder):
    shutil.unpack_archive(path, folder, filter="data")
