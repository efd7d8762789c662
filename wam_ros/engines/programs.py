"""The two programs of a network, prefill and step, as modules that eager runs and every builder takes. No shapes here.

Shapes: C contexts, K answers, P prompt rows, L answer rows, V visual tokens, d width, H heads of width D.
"""

from __future__ import annotations

from torch import Tensor, nn

from wam_ros.engines.network import Layer, Network


class PrefillProgram(nn.Module):
    """A prompt into keys and values."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, prompt: Tensor, visual: Tensor) -> tuple[Layer, ...]:
        """Keys and values (1, H, P, D) of each layer, of ids (1, P) and visual tokens (1, V, d)."""
        network = self.network
        return tuple(network.read_prompt(network.embed_prompt(prompt, visual)))


class StepProgram(nn.Module):
    """Answers against keys and values; the head is left out, since the decoder wants other rows at each step."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, tokens: Tensor, layers: tuple[Layer, ...]) -> Tensor:
        """Hidden rows (C K, L, d) of ids (K, L), beside keys and values (C, H, P, D) of each layer."""
        network = self.network
        contexts, _, prompt_length, _ = layers[0][0].shape
        rows = network.embed_answer(tokens, prompt_length)
        rows = rows.expand(contexts, *rows.shape)  # (C, K, L, d)
        return network.read_answers(rows, list(layers)).flatten(0, 1)
