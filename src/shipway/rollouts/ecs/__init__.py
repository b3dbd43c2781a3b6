"""Amazon ECS as a platform."""
