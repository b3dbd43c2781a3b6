import yaml


def settings(path):
    with open(path, encoding="utf-8") as file:
        return yaml.safe_load(file)


def several(text):
    return list(yaml.load_all(text, yaml.SafeLoader)), yaml.load(text, Loader=yaml.CSafeLoader)


def own(text):
    return yaml.load(text, Loader=LineLoader)


def kept(settings):
    return yaml.dump(settings)
