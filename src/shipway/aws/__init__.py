"""What Shipway sets up in AWS: infrastructure, monitoring, permissions."""
