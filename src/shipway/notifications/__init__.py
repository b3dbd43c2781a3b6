"""Notifications of rollouts: Slack and webhooks."""
