"""Trace AutoGen agents and teams, and learn their prompts, tools and settings.

from trace_autogen import TracedAgent, expose
"""
