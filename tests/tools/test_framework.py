"""The tools in a framework of somebody else: pydantic-ai, with a model that is made up."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from forkjoin.tools import Ceiling, toolset

pydantic_ai = pytest.importorskip("pydantic_ai", reason="pip install pydantic-ai-slim")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_an_agent_of_pydantic_ai_fans_out_and_collects(tree: Path) -> None:
    from pydantic_ai import Agent, Tool
    from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
    from pydantic_ai.models.function import AgentInfo, FunctionModel

    def model(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        assert {"run_tasks", "task_output"} <= {tool.name for tool in info.function_tools}
        last = messages[-1].parts[-1]
        if getattr(last, "tool_name", "") == "run_tasks":
            return ModelResponse(parts=[ToolCallPart("task_output", {"task_id": last.content["run"]})])
        if getattr(last, "tool_name", "") == "task_output":
            return ModelResponse(parts=[TextPart(" ".join(task["text"].strip() for task in last.content["tasks"]))])
        tasks = [{"shell": f"echo {word}", "writes": []} for word in ("one", "two", "three")]
        return ModelResponse(parts=[ToolCallPart("run_tasks", {"tasks": tasks})])

    tools = [
        Tool.from_schema(tool, name=tool.name, description=tool.description, json_schema=tool.input_schema)
        for tool in toolset(Ceiling(permission="full"))
    ]
    agent = Agent(FunctionModel(model), tools=tools)
    assert asyncio.run(agent.run("Print three words, side by side.")).output == "one two three"
