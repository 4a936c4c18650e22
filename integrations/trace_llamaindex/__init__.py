"""LlamaIndex: record queries, agents and workflows, and learn their prompts, tools and settings."""
