import json
import pickle


def restore(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def copied(thing):
    return pickle.loads(pickle.dumps(thing))


def keep(thing):
    return pickle.dumps(thing)
