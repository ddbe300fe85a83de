"""Benchmarks of the bot's speed and costs, each figure beside a baseline measured in the same run."""
