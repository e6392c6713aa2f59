"""The fake under test, with boto3 as its client: run by tests/aws/fake_test.py."""
