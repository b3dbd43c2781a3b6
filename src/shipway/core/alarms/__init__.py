"""What is watched in an environment on AWS, as CloudWatch understands alarms.

`rule.py` is one alarm; `traffic.py`, `tasks.py`, `database.py` and `lines.py` list them, and
`catalogue.py` puts them together for one environment. `composite.py` lets one fault ring once.
`math.py`, `evaluation.py` and `ringing.py` say what CloudWatch would make of recorded metrics.
"""
