import pickle
import shelve


def restore(path):
    with open(path, "rb") as file:
        # ruleid: shipway.data.pickle-read
        return pickle.load(file)


def cached(cache, key):
    # ruleid: shipway.data.pickle-read
    return pickle.loads(cache.get(key))


def shelf(path):
    # ruleid: shipway.data.pickle-read
    return shelve.open(path)
