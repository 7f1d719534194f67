"""Graphs, points, tables and sizes that depend on data."""

import torch
import torch.nn.functional as F
from torch import nn

from .architecture import Architecture


class GraphAttention(nn.Module):
    """Two layers of attention along edges (softmax per node by scattered maxima and sums), mean and maximum per graph."""

    def __init__(self, inputs=10, width=16, heads=4, graphs=3):
        super().__init__()
        self.heads, self.graphs = heads, graphs
        self.first, self.second = nn.Linear(inputs, width), nn.Linear(width, width)
        self.attend = nn.ParameterList(torch.randn(2, heads, width // heads) for _ in range(2))
        self.out = nn.Linear(2 * width, 5)

    def layer(self, x, edges, weights):
        x = x.view(x.shape[0], self.heads, -1)
        source, target = edges[0], edges[1]
        scores = F.leaky_relu((x * weights[0]).sum(-1)[source] + (x * weights[1]).sum(-1)[target], 0.2)
        index = target[:, None].expand_as(scores)
        peak = torch.full_like(x[..., 0], -1e9).scatter_reduce(0, index, scores, "amax", include_self=True)
        e = (scores - peak[target]).exp()
        total = torch.zeros_like(x[..., 0]).scatter_add(0, index, e)
        messages = x[source] * (e / (total[target] + 1e-6))[..., None]
        return self.add(torch.zeros_like(x), target, messages).flatten(1)

    def add(self, zeros, target, messages):
        return zeros.index_add(0, target, messages)

    def forward(self, x, edges, graph):
        y = F.elu(self.layer(self.first(x), edges, self.attend[0]))
        y = self.layer(self.second(y), edges, self.attend[1])
        index = graph[:, None].expand_as(y)
        zeros = torch.zeros(self.graphs, y.shape[1])
        count = torch.zeros(self.graphs).scatter_add(0, graph, torch.ones_like(y[:, 0]))
        mean = zeros.scatter_add(0, index, y) / count.clamp(min=1.0)[:, None]
        high = zeros.scatter_reduce(0, index, y, "amax", include_self=True)
        return self.out(torch.cat([mean, high], -1)), y


class ScatteredGraphAttention(GraphAttention):
    """The same sum by scattering: index_add loses its dynamic sizes in the TorchScript exporter."""

    def add(self, zeros, target, messages):
        return zeros.scatter_add(0, target[:, None, None].expand_as(messages), messages)


class Recommender(nn.Module):
    """Bags of categories, each with its own reduction, dense features, products of all pairs, a click's probability."""

    def __init__(self, width=8):
        super().__init__()
        self.bags = nn.ModuleList(
            [
                nn.EmbeddingBag(50, width, mode="sum"),
                nn.EmbeddingBag(40, width, mode="mean"),
                nn.EmbeddingBag(30, width, mode="max"),
            ]
        )
        self.hashed = nn.Embedding(64, width)
        self.dense = nn.Sequential(nn.Linear(13, 16), nn.ReLU(), nn.Linear(16, width), nn.ReLU())
        self.top = nn.Sequential(nn.Linear(width + 10, 16), nn.GELU(approximate="tanh"), nn.Linear(16, 1))
        row, column = torch.tril_indices(5, 5, -1)
        self.register_buffer("row", row)
        self.register_buffer("column", column)

    def forward(self, dense, first, second, third, hashes):
        x = self.dense(dense)
        found = [bag(ids) for bag, ids in zip(self.bags, (first, second, third))]
        found.append(self.hashed((hashes * 2654435 + 97) % 64))
        stack = torch.stack([x, *found], 1)
        pairs = torch.bmm(stack, stack.transpose(1, 2))[:, self.row, self.column]
        return self.top(torch.cat([x, pairs], 1)).sigmoid().squeeze(1)


class Selection(nn.Module):
    """Rows chosen by a mask, where they stand, and what values occur: sizes known only when the numbers are."""

    def __init__(self):
        super().__init__()
        self.score, self.body = nn.Linear(6, 1), nn.Linear(6, 6)

    def select(self, x, mask):
        return x[mask]

    def forward(self, x, labels):
        chosen = self.score(x).squeeze(-1) > 0
        rows = x[chosen]
        body = torch.tanh(self.body(rows))
        values, inverse, counts = torch.unique(labels, sorted=True, return_inverse=True, return_counts=True)
        places = torch.nonzero(x > 1.5)
        written = x.masked_scatter(chosen[:, None].expand_as(x), body)
        positive = self.select(x, x > 0)
        return rows.shape[0] * torch.ones(1), body, values, inverse, counts, places, written, positive.cumsum(0)


class MaskSelection(Selection):
    """With the operator that only the TorchScript exporter knows."""

    def select(self, x, mask):
        return torch.masked_select(x, mask)


class Points(nn.Module):
    """Neighbours of each point by distance, their features gathered and reduced, twice (edge convolutions)."""

    def __init__(self, neighbours=6):
        super().__init__()
        self.neighbours = neighbours
        self.layers = nn.ModuleList(
            nn.Sequential(nn.Linear(2 * i, o), nn.LayerNorm(o), nn.LeakyReLU()) for i, o in ((3, 12), (12, 16))
        )
        self.out = nn.Sequential(nn.Linear(16, 8), nn.Softsign(), nn.Linear(8, 5), nn.LogSoftmax(-1))

    def forward(self, x):
        for layer in self.layers:
            squares = (x * x).sum(-1)
            distances = squares[:, :, None] + squares[:, None, :] - 2 * x @ x.transpose(1, 2)
            near = distances.topk(self.neighbours, largest=False).indices
            flat = near.flatten(1)[..., None].expand(-1, -1, x.shape[-1])
            neighbours = x.gather(1, flat).unflatten(1, (-1, self.neighbours))
            centre = x[:, :, None].expand_as(neighbours)
            x = layer(torch.cat([centre, neighbours - centre], -1)).amax(2)
        return self.out(x.logsumexp(1)), x


ARCHITECTURES = [
    Architecture(
        "graph_attention",
        GraphAttention,
        {"x": ["nodes", 10], "edges": [2, "edges"], "graph": ["nodes"]},
        [{"nodes": 9, "edges": 24}, {"nodes": 6, "edges": 2}, {"nodes": 40, "edges": 150}],
        ["logits", "y"],
        torchscript=16,
        dynamo=18,
        values={"edges": ["int64", 0, 6], "graph": ["int64", 0, 3]},
        script=ScatteredGraphAttention,
    ),
    Architecture(
        "recommender",
        Recommender,
        {
            "dense": ["batch", 13],
            "first": ["batch", "many"],
            "second": ["batch", 4],
            "third": ["batch", "many"],
            "hashes": ["batch"],
        },
        [{"batch": 4, "many": 3}, {"batch": 1, "many": 1}, {"batch": 7, "many": 9}],
        ["click"],
        torchscript=11,
        dynamo=18,
        values={
            "first": ["int64", 0, 50],
            "second": ["int64", 0, 40],
            "third": ["int64", 0, 30],
            "hashes": ["int64", 0, 1000000],
        },
    ),
    Architecture(
        "selection",
        Selection,
        {"x": ["rows", 6], "labels": ["rows"]},
        [{"rows": 12}, {"rows": 5}, {"rows": 60}],
        ["count", "body", "values", "inverse", "counts", "places", "written", "sums"],
        torchscript=14,
        dynamo=20,
        values={"labels": ["int64", 0, 7]},
        script=MaskSelection,
    ),
    Architecture(
        "points",
        Points,
        {"x": ["batch", "points", 3]},
        [{"batch": 2, "points": 20}, {"batch": 1, "points": 6}, {"batch": 3, "points": 50}],
        ["logits", "features"],
        torchscript=14,
        dynamo=18,
    ),
]
