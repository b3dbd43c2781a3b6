"""The monitoring stack: core/alarms as CloudFormation, a dashboard, saved queries, who is told."""
