"""Text: an encoder-decoder, a decoder with a growing past, routed experts, Fourier mixing, disentangled attention."""

import torch
import torch.nn.functional as F
import transformers
from torch import nn
from transformers.cache_utils import DynamicCache

from .architecture import Architecture


class T5(nn.Module):
    """Relative position buckets, RMS normalisation, gated GELU; encoder and decoder with causal mask."""

    def __init__(self):
        super().__init__()
        config = transformers.T5Config(
            vocab_size=128,
            d_model=64,
            d_kv=16,
            d_ff=96,
            num_layers=2,
            num_decoder_layers=2,
            num_heads=4,
            relative_attention_num_buckets=16,
            relative_attention_max_distance=32,
            feed_forward_proj="gated-gelu",
            use_cache=False,
            attn_implementation="eager",
        )
        self.model = transformers.T5ForConditionalGeneration(config)

    def forward(self, ids, mask, decoder_ids):
        return self.model(input_ids=ids, attention_mask=mask, decoder_input_ids=decoder_ids, use_cache=False).logits


class Llama(nn.Module):
    """Grouped queries (4 heads, 2 of keys), rotary embedding, SwiGLU; the past comes in and goes out."""

    def __init__(self):
        super().__init__()
        config = transformers.LlamaConfig(
            vocab_size=160,
            hidden_size=64,
            intermediate_size=112,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=256,
            attn_implementation="sdpa",
        )
        self.model = transformers.LlamaForCausalLM(config)

    def forward(self, ids, mask, positions, k0, v0, k1, v1):
        cache = DynamicCache()
        for layer, past in enumerate(((k0, v0), (k1, v1))):
            cache.update(*past, layer)
        out = self.model(
            input_ids=ids, attention_mask=mask, position_ids=positions, past_key_values=cache, use_cache=True
        )
        present = [t for layer in cache.layers for t in (layer.keys, layer.values)]
        return (out.logits, *present)


class Attention(nn.Module):
    """Grouped-query attention as PyTorch offers it: newer ONNX has one operator for it."""

    def __init__(self, width, heads, kv_heads):
        super().__init__()
        self.heads, self.kv_heads, self.size = heads, kv_heads, width // heads
        self.q = nn.Linear(width, width)
        self.kv = nn.Linear(width, 2 * kv_heads * self.size)
        self.out = nn.Linear(width, width)

    def forward(self, x, mask):
        batch, length, width = x.shape
        q = self.q(x).view(batch, length, self.heads, self.size).transpose(1, 2)
        k, v = self.kv(x).view(batch, length, 2 * self.kv_heads, self.size).transpose(1, 2).chunk(2, 1)
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=True)
        return self.out(y.transpose(1, 2).reshape(batch, length, width))


class RepeatedAttention(Attention):
    """The same with repeated keys, for the exporter that knows no groups."""

    def forward(self, x, mask):
        batch, length, width = x.shape
        q = self.q(x).view(batch, length, self.heads, self.size).transpose(1, 2)
        k, v = self.kv(x).view(batch, length, 2 * self.kv_heads, self.size).transpose(1, 2).chunk(2, 1)
        k, v = (t.repeat_interleave(self.heads // self.kv_heads, 1) for t in (k, v))
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return self.out(y.transpose(1, 2).reshape(batch, length, width))


class SpelledRmsNorm(nn.Module):
    def __init__(self, width, eps):
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(width)), eps

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight


class Experts(nn.Module):
    """The two best of six experts per token (TopK, scattered gates), all experts as one batched product."""

    def __init__(self, width, hidden, count):
        super().__init__()
        self.route = nn.Linear(width, count)
        self.up = nn.Parameter(torch.randn(count, width, hidden) / width**0.5)
        self.down = nn.Parameter(torch.randn(count, hidden, width) / hidden**0.5)

    def forward(self, x):
        scores = self.route(x)
        best, which = scores.topk(2, dim=-1)
        gates = torch.zeros_like(scores).scatter(-1, which, best.softmax(-1))
        y = torch.einsum("blw,ewh->belh", x, self.up)
        y = torch.einsum("belh,ehw->belw", F.silu(y), self.down)
        return torch.einsum("belw,ble->blw", y, gates), which


class Switch(nn.Module):
    """One expert per token with a capacity: one-hot, running count, tokens that find no room pass unchanged."""

    def __init__(self, width, count, capacity):
        super().__init__()
        self.route = nn.Linear(width, count)
        self.weight = nn.Parameter(torch.randn(count, width, width) / width**0.5)
        self.count, self.capacity = count, capacity

    def forward(self, x):
        tokens = x.reshape(-1, x.shape[-1])
        gate, expert = self.route(tokens).softmax(-1).max(-1)
        taken = F.one_hot(expert, self.count)
        place = (taken.cumsum(0) * taken).sum(-1) - 1
        fits = place < self.capacity
        slot = torch.where(fits, expert * self.capacity + place, self.count * self.capacity)
        room = torch.zeros(self.count * self.capacity + 1, x.shape[-1]).index_put((slot,), tokens)
        y = torch.bmm(room[:-1].view(self.count, self.capacity, -1), self.weight)
        y = F.pad(y.flatten(0, 1), (0, 0, 0, 1))[slot]
        return torch.where(fits[:, None], y * gate[:, None], tokens).view_as(x), expert.view(x.shape[:-1])


class Mixture(nn.Module):
    def __init__(self, attention=Attention, norm=nn.RMSNorm):
        super().__init__()
        self.embed = nn.Embedding(100, 48)
        self.attention = attention(48, 6, 2)
        self.experts, self.switch = Experts(48, 64, 6), Switch(48, 4, 8)
        self.norms = nn.ModuleList(norm(48, eps=1e-5) for _ in range(3))

    def forward(self, ids):
        x = self.embed(ids)
        length = ids.shape[1]
        mask = torch.ones(length, length, dtype=torch.bool).tril()
        x = x + self.attention(self.norms[0](x), mask)
        y, which = self.experts(self.norms[1](x))
        z, expert = self.switch(self.norms[2](x + y))
        return z, which, expert


def fnet():
    """Tokens mixed by a two-dimensional Fourier transform."""
    config = transformers.FNetConfig(
        vocab_size=90,
        hidden_size=48,
        num_hidden_layers=2,
        intermediate_size=80,
        max_position_embeddings=64,
        type_vocab_size=2,
    )
    model = transformers.FNetModel(config)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, ids, kinds):
            return self.model(input_ids=ids, token_type_ids=kinds)[0]

    return Net()


def deberta():
    """Attention by content and by relative position, gathered from both sides."""
    config = transformers.DebertaV2Config(
        vocab_size=90,
        hidden_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=80,
        max_position_embeddings=64,
        relative_attention=True,
        position_buckets=8,
        pos_att_type=["p2c", "c2p"],
        norm_rel_ebd="layer_norm",
        share_att_key=True,
        position_biased_input=False,
        conv_kernel_size=3,
    )

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = transformers.DebertaV2Model(config)

        def forward(self, ids, mask):
            return self.model(input_ids=ids, attention_mask=mask)[0]

    return Net()


TEXT = [{"batch": 2, "length": 9}, {"batch": 1, "length": 1}, {"batch": 3, "length": 7}, {"batch": 1, "length": 40}]
PAST = {f"past_{kind}_{layer}": ["batch", 2, "past", 16] for layer in range(2) for kind in ("key", "value")}

ARCHITECTURES = [
    Architecture(
        "t5",
        T5,
        {"ids": ["batch", "length"], "mask": ["batch", "length"], "decoder_ids": ["batch", "target"]},
        [
            {"batch": 2, "length": 12, "target": 5},
            {"batch": 1, "length": 1, "target": 1},
            {"batch": 3, "length": 7, "target": 9},
            {"batch": 1, "length": 50, "target": 3},
        ],
        ["logits"],
        torchscript=14,
        dynamo=18,
        values={"ids": ["int64", 0, 128], "mask": ["int64", 1, 2], "decoder_ids": ["int64", 0, 128]},
    ),
    Architecture(
        "llama",
        Llama,
        {"ids": ["batch", "length"], "mask": ["batch", "total"], "positions": ["batch", "length"], **PAST},
        [
            {"batch": 2, "length": 3, "past": 6, "total": 9},
            {"batch": 1, "length": 1, "past": 20, "total": 21},
            {"batch": 3, "length": 7, "past": 1, "total": 8},
            {"batch": 1, "length": 12, "past": 0, "total": 12},
        ],
        ["logits", *(n.replace("past", "present") for n in PAST)],
        torchscript=17,
        dynamo=23,
        values={"ids": ["int64", 0, 160], "mask": ["int64", 1, 2], "positions": ["int64", 0, 64]},
    ),
    Architecture(
        "mixture",
        Mixture,
        {"ids": ["batch", "length"]},
        TEXT,
        ["out", "experts", "switched"],
        torchscript=14,
        dynamo=23,
        values={"ids": ["int64", 0, 100]},
        script=lambda: Mixture(RepeatedAttention, SpelledRmsNorm),
    ),
    Architecture(
        "fnet",
        fnet,
        {"ids": ["batch", "length"], "kinds": ["batch", "length"]},
        TEXT,
        ["hidden"],
        torchscript=None,
        dynamo=20,
        values={"ids": ["int64", 0, 90], "kinds": ["int64", 0, 2]},
    ),
    Architecture(
        "deberta",
        deberta,
        {"ids": ["batch", "length"], "mask": ["batch", "length"]},
        TEXT,
        ["hidden"],
        torchscript=14,
        dynamo=21,
        values={"ids": ["int64", 0, 90], "mask": ["int64", 1, 2]},
    ),
]
