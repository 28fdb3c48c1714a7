"""From packets to blocks: whose each one is, which sample it holds, and what is missing."""
