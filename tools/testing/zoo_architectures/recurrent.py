"""Sequences step by step: GRU and LSTM in both directions, hand-written cells, a greedy decoder with its own end."""

import torch
from torch import nn
from torch._higher_order_ops.scan import scan
from torch._higher_order_ops.while_loop import while_loop

from .architecture import Architecture


class Tagger(nn.Module):
    """Two layers of GRU in both directions, an LSTM with a given state, a plain RNN."""

    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(12, 16, num_layers=2, bidirectional=True, batch_first=True)
        self.lstm = nn.LSTM(32, 20, bidirectional=True)
        self.rnn = nn.RNN(40, 10, nonlinearity="tanh")

    def forward(self, x, h0, c0):
        y, _ = self.gru(x)
        y, (h, c) = self.lstm(y.transpose(0, 1), (h0, c0))
        y, last = self.rnn(y)
        return y.transpose(0, 1), h, c, last


class Cell(nn.Module):
    """A minimal gated unit with its own decay: one step."""

    def __init__(self, inputs, units):
        super().__init__()
        self.gate = nn.Linear(inputs + units, units)
        self.candidate = nn.Linear(inputs + units, units)
        self.decay = nn.Parameter(torch.rand(units))
        self.units = units

    def forward(self, x, h):
        f = torch.sigmoid(self.gate(torch.cat([x, h], -1)))
        c = torch.tanh(self.candidate(torch.cat([x, f * h], -1)))
        return (1 - f) * h * self.decay + f * c


class Cells(nn.Module):
    """The cell along the sequence, by the scan operator."""

    def __init__(self):
        super().__init__()
        self.cell = Cell(8, 12)
        self.out = nn.Linear(12, 4)

    def forward(self, x):
        h = torch.zeros(x.shape[1], 12)

        def step(h, x):
            h = self.cell(x, h)
            return h.clone(), h.clone()

        last, steps = scan(step, h, x, dim=0)
        return self.out(steps), last


class LoopedCells(torch.jit.ScriptModule):
    """The cell along the sequence, as a scripted loop over a growing list."""

    def __init__(self):
        super().__init__()
        self.cell = Cell(8, 12)
        self.out = nn.Linear(12, 4)

    @torch.jit.script_method
    def forward(self, x):
        h = torch.zeros([x.size(1), 12])
        steps = []
        for i in range(x.size(0)):
            h = self.cell(x[i], h)
            steps.append(h)
        return self.out(torch.stack(steps)), h


class Reader(nn.Module):
    """What both decoders share: an encoder of the source and one step of the decoder with attention."""

    def __init__(self):
        super().__init__()
        self.encode = nn.Sequential(nn.Linear(10, 24), nn.Tanh())
        self.embed = nn.Embedding(30, 24)
        self.cell = Cell(48, 24)
        self.out = nn.Linear(24, 30)

    def step(self, token, h, memory):
        weights = torch.softmax((memory @ h.unsqueeze(-1)).squeeze(-1), -1)
        context = (weights.unsqueeze(-1) * memory).sum(1)
        h = self.cell(torch.cat([self.embed(token), context], -1), h)
        return self.out(h), h


class Decoder(Reader):
    """The likeliest token again and again until every row has ended (token 3 or less), at most 24 times."""

    def forward(self, x):
        memory = self.encode(x)

        def go_on(step, token, h, ended, tokens):
            return (step < 24) & ~ended.all()

        def body(step, token, h, ended, tokens):
            logits, h = self.step(token, h, memory)
            token = torch.where(ended, 0, logits.argmax(-1))
            tokens = torch.where(torch.arange(24) == step, token.unsqueeze(1), tokens)
            return step + 1, token, h, ended | (token <= 3), tokens

        batch = x.shape[0]
        start = torch.full((batch,), 4, dtype=torch.int64)
        steps, _, h, _, tokens = while_loop(
            go_on, body, (torch.tensor(0), start, memory.mean(1), start < 4, torch.zeros(batch, 24, dtype=torch.int64))
        )
        return tokens, steps, h


class ScriptedDecoder(torch.jit.ScriptModule):
    """The same as a while loop of TorchScript."""

    def __init__(self):
        super().__init__()
        shared = Reader()
        self.encode, self.embed, self.cell, self.out = shared.encode, shared.embed, shared.cell, shared.out

    @torch.jit.script_method
    def forward(self, x):
        memory = self.encode(x)
        h = memory.mean(1)
        batch = x.size(0)
        token = torch.full([batch], 4, dtype=torch.int64)
        ended = token < 4
        tokens = torch.zeros([batch, 24], dtype=torch.int64)
        steps = torch.tensor(0)
        while bool(steps < 24) and not bool(ended.all()):
            weights = torch.softmax((memory @ h.unsqueeze(-1)).squeeze(-1), -1)
            context = (weights.unsqueeze(-1) * memory).sum(1)
            h = self.cell(torch.cat([self.embed(token), context], -1), h)
            token = torch.where(ended, torch.zeros_like(token), self.out(h).argmax(-1))
            tokens = torch.where((torch.arange(24) == steps).unsqueeze(0), token.unsqueeze(1), tokens)
            ended = torch.logical_or(ended, token <= 3)
            steps = steps + 1
        return tokens, steps, h


SEQUENCES = [
    {"batch": 3, "length": 6},
    {"batch": 1, "length": 1},
    {"batch": 2, "length": 17},
    {"batch": 5, "length": 3},
]

ARCHITECTURES = [
    Architecture(
        "tagger",
        Tagger,
        {"x": ["batch", "length", 12], "h0": [2, "batch", 20], "c0": [2, "batch", 20]},
        SEQUENCES,
        ["y", "h", "c", "last"],
        torchscript=14,
        dynamo=20,
        fixed={"dynamo": ["length"]},
    ),
    Architecture(
        "cells",
        Cells,
        {"x": ["length", "batch", 8]},
        SEQUENCES,
        ["y", "last"],
        torchscript=11,
        dynamo=20,
        script=LoopedCells,
        inline=False,
    ),
    Architecture(
        "decoder",
        Decoder,
        {"x": ["batch", "length", 10]},
        SEQUENCES,
        ["tokens", "steps", "h"],
        torchscript=17,
        dynamo=20,
        script=ScriptedDecoder,
    ),
]
