"""A fresh HOME in which the four programs find the scripted model, and nothing of the user's."""

from __future__ import annotations

import json
import os
from pathlib import Path

PINNED = (
    "@anthropic-ai/claude-code@2.1.330", "@openai/codex@0.169.0", "opencode-ai@1.18.33",
    "@earendil-works/pi-coding-agent@0.87.0", "node@22",
)  # fmt: skip


def programs() -> Path | None:
    """Return the folder of the installed programs: FORKJOIN_AGENTS, else `.agents` of this repository."""
    top = Path(os.environ.get("FORKJOIN_AGENTS") or Path(__file__).resolve().parents[2] / ".agents")
    return top / "node_modules" if (top / "node_modules" / ".bin").is_dir() else None


def environ(home: Path, bin_: Path, url: str, *, patient: bool = False) -> dict[str, str]:
    """Return the environment of a run whose agents reach nothing but the model at *url*; makes *home*.

    Programs that are *patient* try again as often as their makers and forkjoin let them; else once, to save time.
    """
    _codex(home / ".codex", url, "" if patient else "request_max_retries = 1\nstream_max_retries = 1")
    _opencode(home / ".config" / "opencode", url)
    _pi(home / ".pi" / "agent", url)
    return {
        "PATH": os.pathsep.join((str(bin_ / "node" / "bin"), str(bin_ / ".bin"), os.environ["PATH"])),
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_API_KEY": "sk-ant-mock-0123",
        "ANTHROPIC_MODEL": "mock-model",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        **({} if patient else {"CLAUDE_CODE_MAX_RETRIES": "1"}),
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_TELEMETRY": "1",
        "DISABLE_ERROR_REPORTING": "1",
        "IS_SANDBOX": "1",
        "CODEX_MOCK_KEY": "sk-codex-mock-0123",
        "OPENCODE_DISABLE_AUTOUPDATE": "1",
        "OPENCODE_DISABLE_MODELS_FETCH": "1",
        "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
        "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1",
        "OPENCODE_DISABLE_SHARE": "1",
        "PI_OFFLINE": "1",
        "PI_TELEMETRY": "0",
    }


def _written(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _codex(folder: Path, url: str, retries: str) -> None:
    _written(
        folder / "config.toml",
        f"""
model = "gpt-5.4"
model_provider = "mock"
check_for_update_on_startup = false
[model_providers.mock]
name = "mock"
base_url = "{url}/v1"
env_key = "CODEX_MOCK_KEY"
wire_api = "responses"
{retries}
[features]
plugins = false
[analytics]
enabled = false
[otel]
exporter = "none"
""",
    )


def _opencode(folder: Path, url: str) -> None:
    model = {"limit": {"context": 128_000, "output": 8_000}, "cost": {"input": 1, "output": 2}}
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "options": {"baseURL": f"{url}/v1", "apiKey": "sk-mock"},
        "models": {"mock-model": model},
    }
    said = {
        "autoupdate": False, "share": "disabled", "model": "mock/mock-model", "small_model": "mock/mock-model",
        "enabled_providers": ["mock"], "provider": {"mock": provider},
    }  # fmt: skip
    _written(folder / "opencode.json", json.dumps(said))
    # It installs this package into its folder at every start, from the network, unless it is there and locked.
    name, version = "@opencode-ai/plugin", "1.18.33"
    needs = {"dependencies": {name: version}}
    locked = {"": needs, f"node_modules/{name}": {"version": version}}
    lock = {"name": "opencode", "lockfileVersion": 3, "requires": True, "packages": locked}
    _written(folder / "node_modules" / name / "package.json", json.dumps({"name": name, "version": version}))
    _written(folder / "package.json", json.dumps(needs))
    _written(folder / "package-lock.json", json.dumps(lock))


def _pi(folder: Path, url: str) -> None:
    cost = {"input": 1, "output": 2, "cacheRead": 0, "cacheWrite": 0}
    model = {
        "id": "mock-model", "name": "mock", "reasoning": False, "input": ["text"], "contextWindow": 128_000,
        "maxTokens": 8_000, "cost": cost,
    }  # fmt: skip
    provider = {
        "baseUrl": f"{url}/v1", "api": "openai-completions", "apiKey": "sk-mock", "models": [model],
    }  # fmt: skip
    _written(folder / "models.json", json.dumps({"providers": {"mock": provider}}))
    _written(folder / "settings.json", json.dumps({"defaultProvider": "mock", "defaultModel": "mock-model"}))
