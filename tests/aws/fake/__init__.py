"""A stateful EC2, with STS, SSM, Service Quotas and Elastic Load Balancing, on loopback: see tests/aws/README.md."""
