"""What can be checked before a rollout on ECS changes anything."""
