import shutil
import tarfile


def unpack(path, folder):
    with tarfile.open(path) as archive:
        # ruleid: shipway.data.archive-unpacked-anywhere
        archive.extractall(folder)


def unpack_one(path, folder):
    archive = tarfile.open(path)
    # ruleid: shipway.data.archive-unpacked-anywhere
    archive.extract("names.csv", folder)


def unpack_any(path, folder):
    # ruleid: shipway.data.archive-unpacked-anywhere
    shutil.unpack_archive(path, folder)
