"""The monitoring stack: the alarm rules as CloudFormation, a dashboard, saved queries, who is
told."""
