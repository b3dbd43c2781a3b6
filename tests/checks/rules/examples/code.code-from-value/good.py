import ast
import re


def compute(formula):
    re.compile("a")
    return ast.literal_eval(formula)


def constant(model):
    model.eval()
    return eval("1 + 1")
