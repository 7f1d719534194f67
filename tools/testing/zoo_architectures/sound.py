"""Sound: spectrogram and encoder-decoder, raw waves, convolution with attention, a vocoder."""

import math

import torch
import torch.nn.functional as F
import transformers
from torch import nn

from .architecture import Architecture


def triangles(bins, bands, highest):
    """Filters [bands, bins], overlapping triangles at equal distances on the mel scale."""
    edges = 700 * (10 ** (torch.linspace(0, 2595 * math.log10(1 + highest / 700), bands + 2) / 2595) - 1)
    slopes = (edges[:, None] - torch.linspace(0, highest, bins)) / edges.diff().mean()
    return torch.minimum(-slopes[:-2], slopes[2:]).clamp(min=0)


class LogMel(nn.Module):
    """Short-time Fourier transform, mel filters, logarithm, scaled as Whisper does."""

    def __init__(self, window=64, hop=32, bands=20):
        super().__init__()
        self.hop = hop
        self.register_buffer("window", torch.hann_window(window))
        self.register_buffer("filters", triangles(window // 2 + 1, bands, 4000.0))

    def forward(self, wave):
        bins = torch.stft(
            wave, self.window.numel(), self.hop, window=self.window, center=False, return_complex=self.complex_numbers
        )
        power = self.power(bins)
        logs = torch.clamp(self.filters @ power, min=1e-6).log10()
        return (torch.maximum(logs, logs.amax((1, 2), keepdim=True) - 8.0) + 4.0) / 4.0

    complex_numbers = True

    def power(self, bins):
        return bins.abs() ** 2


class RealLogMel(LogMel):
    """Without complex numbers, which the TorchScript exporter doesn't know."""

    complex_numbers = False

    def power(self, bins):
        return (bins**2).sum(-1)


class Whisper(nn.Module):
    def __init__(self, mel=LogMel):
        super().__init__()
        self.mel = mel()
        config = transformers.WhisperConfig(
            vocab_size=80,
            num_mel_bins=20,
            d_model=48,
            encoder_layers=2,
            decoder_layers=2,
            encoder_attention_heads=4,
            decoder_attention_heads=4,
            encoder_ffn_dim=96,
            decoder_ffn_dim=96,
            max_source_positions=16,
            max_target_positions=32,
            attn_implementation="sdpa",
            pad_token_id=0,
            bos_token_id=1,
            eos_token_id=2,
            decoder_start_token_id=3,
        )
        self.model = transformers.WhisperForConditionalGeneration(config)

    def forward(self, wave, ids):
        return self.model(
            input_features=self.mel(wave),
            decoder_input_ids=ids,
            decoder_attention_mask=torch.ones_like(ids),
            use_cache=False,
        ).logits


class Wav2Vec2(nn.Module):
    """Strided convolutions over the wave, the first normalised, positions by a grouped convolution, labels by frame."""

    def __init__(self):
        super().__init__()
        config = transformers.Wav2Vec2Config(
            vocab_size=40,
            hidden_size=48,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=80,
            conv_dim=(32, 32, 32),
            conv_stride=(4, 2, 2),
            conv_kernel=(8, 3, 3),
            num_conv_pos_embeddings=16,
            num_conv_pos_embedding_groups=4,
            attn_implementation="eager",
            do_stable_layer_norm=False,
        )
        self.model = transformers.Wav2Vec2ForCTC(config)

    def forward(self, wave):
        return self.model(wave).logits


class RelativeAttention(nn.Module):
    """Attention by content and by distance, the distances shifted into place by padding and reshaping."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.width = heads, width
        self.qkv, self.place, self.out = (
            nn.Linear(width, 3 * width),
            nn.Linear(width, width, bias=False),
            nn.Linear(width, width),
        )
        self.bias = nn.Parameter(torch.randn(2, heads, 1, width // heads))
        self.register_buffer("rates", torch.exp(-math.log(10000) * torch.arange(0, width, 2) / width))

    def split(self, x):
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def forward(self, x, padding):
        batch, length = x.shape[:2]
        q, k, v = (self.split(t) for t in self.qkv(x).chunk(3, -1))
        angles = torch.arange(length - 1, -length, -1)[:, None] * self.rates
        places = self.split(self.place(torch.stack([angles.sin(), angles.cos()], -1).flatten(1))[None])
        far = F.pad((q + self.bias[1]) @ places.transpose(2, 3), (1, 0))
        far = far.view(batch, self.heads, 2 * length, length)[:, :, 1:].view(batch, self.heads, length, 2 * length - 1)[
            ..., :length
        ]
        scores = ((q + self.bias[0]) @ k.transpose(2, 3) + far) / (self.width // self.heads) ** 0.5
        weights = scores.masked_fill(padding[:, None, None], float("-inf")).softmax(-1)
        return self.out((weights @ v).transpose(1, 2).flatten(2))


class ConformerBlock(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.halves = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 64), nn.SiLU(), nn.Linear(64, width)) for _ in range(2)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.attention = RelativeAttention(width, 4)
        self.gated = nn.Sequential(nn.Conv1d(width, 2 * width, 1), nn.GLU(1))
        self.depth = nn.Sequential(
            nn.Conv1d(width, width, 7, padding=3, groups=width),
            nn.BatchNorm1d(width),
            nn.SiLU(),
            nn.Conv1d(width, width, 1),
        )

    def forward(self, x, padding):
        x = x + 0.5 * self.halves[0](x)
        x = x + self.attention(self.norms[0](x), padding)
        y = self.gated(self.norms[1](x).transpose(1, 2)).masked_fill(padding[:, None], 0.0)
        x = x + self.depth(y).transpose(1, 2)
        return self.norms[2](x + 0.5 * self.halves[1](x))


class Conformer(nn.Module):
    """Half layers around attention and a depthwise convolution; frames past each row's length are masked."""

    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList(ConformerBlock(40) for _ in range(2))

    def forward(self, x, lengths):
        padding = torch.arange(x.shape[1])[None] >= lengths[:, None]
        for block in self.blocks:
            x = block(x, padding)
        return x, padding


class Vocoder(nn.Module):
    """Bands to a wave: transposed convolutions, dilated residual blocks summed."""

    def __init__(self):
        super().__init__()
        config = transformers.SpeechT5HifiGanConfig(
            model_in_dim=16,
            upsample_initial_channel=32,
            upsample_rates=[4, 4],
            upsample_kernel_sizes=[8, 8],
            resblock_kernel_sizes=[3, 5],
            resblock_dilation_sizes=[[1, 3], [1, 2]],
            normalize_before=True,
            initializer_range=0.1,
        )
        self.model = transformers.SpeechT5HifiGan(config)

    def forward(self, bands):
        return self.model(bands)


ARCHITECTURES = [
    Architecture(
        "whisper",
        Whisper,
        {"wave": ["batch", 1056], "ids": ["batch", "length"]},
        [{"batch": 2, "length": 5}, {"batch": 1, "length": 1}, {"batch": 3, "length": 11}],
        ["logits"],
        torchscript=17,
        dynamo=18,
        values={"ids": ["int64", 0, 80]},
        script=lambda: Whisper(RealLogMel),
    ),
    Architecture(
        "wav2vec2",
        Wav2Vec2,
        {"wave": ["batch", "samples"]},
        [{"batch": 2, "samples": 800}, {"batch": 1, "samples": 48}, {"batch": 3, "samples": 1111}],
        ["logits"],
        torchscript=11,
        dynamo=22,
    ),
    Architecture(
        "conformer",
        Conformer,
        {"x": ["batch", "length", 40], "lengths": ["batch"]},
        [{"batch": 2, "length": 14}, {"batch": 1, "length": 6}, {"batch": 3, "length": 33}],
        ["y", "padding"],
        torchscript=17,
        dynamo=20,
        functions=(ConformerBlock, nn.LayerNorm),
        values={"lengths": ["int64", 1, 7]},
    ),
    Architecture(
        "vocoder",
        Vocoder,
        {"bands": ["batch", "length", 16]},
        [{"batch": 2, "length": 9}, {"batch": 1, "length": 2}, {"batch": 3, "length": 30}],
        ["wave"],
        torchscript=14,
        dynamo=19,
    ),
]
