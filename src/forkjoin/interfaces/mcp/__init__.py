"""The MCP server: the tools of `forkjoin.tools` over stdio and streamable HTTP. It knows no command line."""
