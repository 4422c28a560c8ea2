"""A small GPT in PyTorch, of the size and with the recipe that nanoGPT's README gives for a CPU.

4 layers, 4 heads, 128 numbers a character, blocks of 64 characters, 12 in a batch, 2,000 iterations; AdamW (0.9, 0.99),
weight decay 0.1 on matrices, learning rate 1e-3 after 100 steps of warm-up, then a cosine to 1e-4, gradients cut at 1,
no dropout, no biases, input and output embeddings tied, GELU, norms before each part (Radford et al. 2019, "Language
Models are Unsupervised Multitask Learners", section 2.3). Imports nothing of `stages`: its pins are not the peer's.
"""

import json
import math
import sys
import time
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

LAYERS, HEADS, WIDTH, BLOCK, BATCH = 4, 4, 128, 64, 12
PEAK, FLOOR, WARMUP = 1e-3, 1e-4, 100


class Part(nn.Module):
    """A transformer block: causal attention, then two layers for each character, both with residual connections."""

    def __init__(self) -> None:
        super().__init__()
        self.norm_1, self.norm_2 = nn.LayerNorm(WIDTH, bias=False), nn.LayerNorm(WIDTH, bias=False)
        self.read = nn.Linear(WIDTH, 3 * WIDTH, bias=False)
        self.add_1 = nn.Linear(WIDTH, WIDTH, bias=False)
        self.widen = nn.Linear(WIDTH, 4 * WIDTH, bias=False)
        self.add_2 = nn.Linear(4 * WIDTH, WIDTH, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Shape (batch, length, WIDTH), both ways."""
        batch, length, _ = x.shape
        heads = self.read(self.norm_1(x)).view(batch, length, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(*heads, is_causal=True)
        x = x + self.add_1(seen.transpose(1, 2).reshape(batch, length, WIDTH))
        return x + self.add_2(functional.gelu(self.widen(self.norm_2(x))))


class GPT(nn.Module):
    """Character ids → logits of the next character."""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.characters, self.places = nn.Embedding(vocabulary, WIDTH), nn.Embedding(BLOCK, WIDTH)
        self.parts = nn.Sequential(*(Part() for _ in range(LAYERS)))
        self.norm = nn.LayerNorm(WIDTH, bias=False)
        for name, values in self.named_parameters():
            if values.dim() == 2:
                # Weights of the residual branches start smaller, as their outputs add up over the layers.
                nn.init.normal_(values, std=0.02 / math.sqrt(2 * LAYERS) if ".add_" in name else 0.02)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Shape (batch, length), at most BLOCK long → (batch, length, vocabulary)."""
        x = self.characters(ids) + self.places(torch.arange(ids.shape[1]))
        return self.norm(self.parts(x)) @ self.characters.weight.T


def rate(step: int, steps: int) -> float:
    """Learning rate: up in WARMUP steps, down as a cosine to FLOOR."""
    if step < WARMUP:
        return PEAK * (step + 1) / (WARMUP + 1)
    return FLOOR + (PEAK - FLOOR) * (1 + math.cos(math.pi * (step - WARMUP) / max(1, steps - WARMUP))) / 2


def train(model: GPT, ids: torch.Tensor, steps: int) -> None:
    """One random batch of blocks a step."""
    matrices = [values for values in model.parameters() if values.dim() == 2]
    rest = [values for values in model.parameters() if values.dim() != 2]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": rest, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=PEAK, betas=(0.9, 0.99))
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate(step, steps)
        blocks = torch.stack([ids[start : start + BLOCK + 1] for start in torch.randint(len(ids) - BLOCK, (BATCH,))])
        loss = functional.cross_entropy(model(blocks[:, :-1]).flatten(0, 1), blocks[:, 1:].flatten())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 200 == 0 or step == steps - 1:
            print(f"gpt: step {step}, loss {loss.item():.3f}", flush=True)


@torch.no_grad()
def nats(model: GPT, ids: torch.Tensor, *, past: int) -> float:
    """Mean cost of a character in nats, each with at least `past` characters before it, where the text has them."""
    starts = torch.arange(0, len(ids) - BLOCK - 1, BLOCK - past)
    total, count = 0.0, 0
    for some in starts.split(256):
        blocks = ids[some[:, None] + torch.arange(BLOCK + 1)]
        costs = functional.cross_entropy(model(blocks[:, :-1]).transpose(1, 2), blocks[:, 1:], reduction="none")
        kept = torch.ones_like(costs, dtype=torch.bool)
        kept[some > 0, :past] = False
        total, count = total + costs[kept].sum().item(), count + int(kept.sum())
    return total / count


def main(text: str, test: float, threads: int, iterations: int) -> None:
    """Train on the beginning of a text file, measure on its last share, print the figures as JSON."""
    torch.manual_seed(7)
    torch.set_num_threads(threads)
    characters = Path(text).read_text(encoding="utf-8")
    number = {character: i for i, character in enumerate(sorted(set(characters)))}
    ids = torch.tensor([number[character] for character in characters])
    first = len(ids) - round(len(ids) * test)
    model = GPT(len(number))
    started = time.perf_counter()
    train(model, ids[:first], iterations)
    seconds = time.perf_counter() - started
    figures = {"nats": nats(model, ids[first:], past=BLOCK // 2), "short_nats": nats(model, ids[first:], past=0)}
    print(json.dumps({**figures, "seconds": seconds}))


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
