"""What Shipway sets up in an AWS account: CloudFormation stacks, and what is asked of them."""
