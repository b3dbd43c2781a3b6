import yaml


def settings(path):
    with open(path, encoding="utf-8") as file:
        # ruleid: shipway.data.yaml-builds-objects
        return yaml.load(file, Loader=yaml.UnsafeLoader)


def several(text):
    # ruleid: shipway.data.yaml-builds-objects
    return list(yaml.load_all(text, yaml.Loader)), yaml.safe_load(text)


def other(text):
    # ruleid: shipway.data.yaml-builds-objects
    return yaml.unsafe_load(text)
