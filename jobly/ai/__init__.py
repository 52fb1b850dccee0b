"""The one way to ask a model: any server that speaks OpenAI's words, at the configured address.

Whoever asks decides what goes out and what to do without an answer. What comes back is data of an
untrusted party that has the agreed shape, and nothing more. No call is repeated here: the runs own
retries. Bodies are never logged.
"""

from .asking import Prompt, Reply, Usage, ask, embed, tokens_at_most
from .servers import Server, configured_server, why_unreachable

__all__ = [
    "Prompt",
    "Reply",
    "Server",
    "Usage",
    "ask",
    "configured_server",
    "embed",
    "tokens_at_most",
    "why_unreachable",
]
