def compute(formula, names):
    # ruleid: shipway.code.code-from-value
    return eval(formula, {}, names)


def run(path):
    # ruleid: shipway.code.code-from-value
    exec(open(path).read())
