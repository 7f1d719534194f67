"""Pictures: windows, segmentation, diffusion, an early way out, optical flow, several resolutions, video."""

import functools
import math

import torch
import torch.nn.functional as F
import torchvision
import transformers
from torch import nn
from torchvision.models import swin_transformer

from .architecture import Architecture

torch.backends.mha.set_fastpath_enabled(False)  # one fused call that no exporter knows


def swin(version, depths):
    block, merging = (
        (swin_transformer.SwinTransformerBlock, swin_transformer.PatchMerging),
        (swin_transformer.SwinTransformerBlockV2, swin_transformer.PatchMergingV2),
    )[version - 1]
    return swin_transformer.SwinTransformer(
        patch_size=[2, 2],
        embed_dim=24,
        depths=depths,
        num_heads=[2, 4],
        window_size=[4, 4],
        num_classes=11,
        block=block,
        downsample_layer=merging,
    )


class SegFormer(nn.Module):
    def __init__(self):
        super().__init__()
        config = transformers.SegformerConfig(
            num_encoder_blocks=4,
            depths=[1, 1, 1, 1],
            sr_ratios=[8, 4, 2, 1],
            hidden_sizes=[8, 16, 24, 32],
            num_attention_heads=[1, 2, 2, 4],
            decoder_hidden_size=32,
            num_labels=7,
        )
        self.model = transformers.SegformerForSemanticSegmentation(config)

    def forward(self, x):
        logits = self.model(x).logits
        return F.interpolate(logits, size=x.shape[-2:], mode="bilinear", align_corners=False).argmax(1), logits


class DeepLab(nn.Module):
    """Inverted residuals, dilated convolutions side by side with a pooled one, two outputs."""

    def __init__(self):
        super().__init__()
        backbone = torchvision.models.mobilenet_v3_small(weights=None, reduced_tail=True, dilated=True).features
        layers = nn.ModuleDict({"low": backbone[:4], "out": backbone[4:9]})
        self.layers = layers
        self.head = torchvision.models.segmentation.deeplabv3.DeepLabHead(48, 6, atrous_rates=(2, 4))
        self.low = torchvision.models.segmentation.fcn.FCNHead(24, 6)

    def forward(self, x):
        low = self.layers["low"](x)
        high = self.head(self.layers["out"](low))
        size = x.shape[-2:]
        return (
            F.interpolate(high, size=size, mode="bilinear", align_corners=False),
            F.interpolate(self.low(low), size=size, mode="bicubic", align_corners=True),
        )


class ResidualBlock(nn.Module):
    def __init__(self, inputs, outputs, time):
        super().__init__()
        self.first = nn.Sequential(nn.GroupNorm(4, inputs), nn.SiLU(), nn.Conv2d(inputs, outputs, 3, padding=1))
        self.time = nn.Linear(time, 2 * outputs)
        self.norm = nn.GroupNorm(4, outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.skip = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x, time):
        scale, shift = self.time(F.silu(time))[:, :, None, None].chunk(2, 1)
        y = self.norm(self.first(x)) * (1 + scale) + shift
        return self.skip(x) + self.second(F.silu(y))


class CrossAttention(nn.Module):
    """Attention over the picture itself, over the text, and a gated layer."""

    def __init__(self, width, text, heads):
        super().__init__()
        self.heads = heads
        self.norm = nn.GroupNorm(4, width)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.q = nn.ModuleList(nn.Linear(width, width, bias=False) for _ in range(2))
        self.k = nn.ModuleList(nn.Linear(w, width, bias=False) for w in (width, text))
        self.v = nn.ModuleList(nn.Linear(w, width, bias=False) for w in (width, text))
        self.out = nn.ModuleList(nn.Linear(width, width) for _ in range(2))
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(2 * width, width)

    def split(self, x):
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def forward(self, x, text):
        height, width = x.shape[-2:]
        y = self.norm(x).flatten(2).transpose(1, 2)
        for i in range(2):
            n = self.norms[i](y)
            source = n if i == 0 else text
            a = F.scaled_dot_product_attention(
                self.split(self.q[i](n)), self.split(self.k[i](source)), self.split(self.v[i](source))
            )
            y = y + self.out[i](a.transpose(1, 2).flatten(2))
        value, gate = self.up(self.norms[2](y)).chunk(2, -1)
        y = y + self.down(value * F.gelu(gate))
        return x + y.transpose(1, 2).unflatten(2, (height, width))


class Diffusion(nn.Module):
    """One level down and up of a denoiser with time, text and skip connections."""

    def __init__(self, width=24, text=16):
        super().__init__()
        time = 4 * width
        self.width = width
        self.time = nn.Sequential(nn.Linear(width, time), nn.SiLU(), nn.Linear(time, time))
        self.first = nn.Conv2d(4, width, 3, padding=1)
        self.down = ResidualBlock(width, width, time)
        self.shrink = nn.Conv2d(width, 2 * width, 3, stride=2, padding=1)
        self.middle = nn.ModuleList(
            [
                ResidualBlock(2 * width, 2 * width, time),
                CrossAttention(2 * width, text, 4),
                ResidualBlock(2 * width, 2 * width, time),
            ]
        )
        self.grow = nn.Conv2d(2 * width, width, 3, padding=1)
        self.up = ResidualBlock(2 * width, width, time)
        self.out = nn.Sequential(nn.GroupNorm(4, width), nn.SiLU(), nn.Conv2d(width, 4, 3, padding=1))

    def forward(self, x, step, text):
        half = self.width // 2
        angles = step.float()[:, None] * torch.exp(-math.log(10000) * torch.arange(half) / half)
        time = self.time(torch.cat([angles.cos(), angles.sin()], -1))
        x = self.down(self.first(x), time)
        y = self.shrink(x)
        y = self.middle[0](y, time)
        y = self.middle[1](y, text)
        y = self.grow(F.interpolate(self.middle[2](y, time), scale_factor=2.0, mode="nearest"))
        return self.out(self.up(torch.cat([x, y], 1), time))


class Stages(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=2), nn.BatchNorm2d(8), nn.PReLU(8), nn.MaxPool2d(2, ceil_mode=True)
        )
        self.quick = nn.Linear(8, 5)
        self.deep = nn.Sequential(
            nn.Conv2d(8, 16, 3, padding=1), nn.Hardswish(), nn.Conv2d(16, 16, 3, padding=1, groups=4), nn.ELU()
        )
        self.slow = nn.Linear(16, 5)


class EarlyExit(Stages):
    """Deep layers run only where the quick answer is unsure."""

    def forward(self, x):
        y = self.first(x)
        quick = self.quick(y.mean((2, 3)))

        def sure(y, quick):
            return quick.clone()

        def unsure(y, quick):
            return self.slow(self.deep(y).amax((2, 3))) + quick

        certain = quick.softmax(-1).amax(-1).min()
        return torch.cond(certain > 0.3, sure, unsure, (y, quick)), certain


class ScriptedEarlyExit(torch.jit.ScriptModule):
    def __init__(self):
        super().__init__()
        stages = Stages()
        self.first, self.quick, self.deep, self.slow = stages.first, stages.quick, stages.deep, stages.slow

    @torch.jit.script_method
    def forward(self, x):
        y = self.first(x)
        quick = self.quick(y.mean((2, 3)))
        certain = quick.softmax(-1).amax(-1).min()
        if bool(certain > 0.3):
            out = quick
        else:
            out = self.slow(self.deep(y).amax((2, 3))) + quick
        return out, certain


def flow():
    """Optical flow: all pairs correlated, looked up by sampling a grid, refined by a convolutional GRU."""
    norm = functools.partial(nn.InstanceNorm2d, affine=True)
    raft = torchvision.models.optical_flow.raft
    model = raft._raft(
        feature_encoder_layers=(8, 8, 12, 16, 24),
        feature_encoder_block=raft.BottleneckBlock,
        feature_encoder_norm_layer=norm,
        context_encoder_layers=(8, 8, 12, 16, 32),
        context_encoder_block=raft.BottleneckBlock,
        context_encoder_norm_layer=None,
        corr_block_num_levels=2,
        corr_block_radius=2,
        motion_encoder_corr_layers=(16,),
        motion_encoder_flow_layers=(16, 8),
        motion_encoder_out_channels=20,
        recurrent_block_hidden_state_size=16,
        recurrent_block_kernel_size=(3,),
        recurrent_block_padding=(1,),
        flow_head_hidden_size=16,
        use_mask_predictor=False,
    )

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, first, second):
            return self.model(first, second, num_flow_updates=2)[-1]

    return Net()


class SuperResolution(nn.Module):
    """Pixel shuffling, a warp by a predicted affine map, an upscaled skip."""

    def __init__(self):
        super().__init__()
        self.map = nn.Sequential(
            nn.Conv2d(3, 4, 3, stride=2), nn.LeakyReLU(0.1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 6)
        )
        self.body = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(3, 16, 3),
            nn.Mish(),
            nn.Conv2d(16, 12, 3, padding=1, padding_mode="replicate"),
            nn.PixelShuffle(2),
        )
        self.register_buffer("still", torch.tensor([1.0, 0, 0, 0, 1.0, 0]))

    def forward(self, x):
        theta = (0.3 * torch.tanh(self.map(x)) + self.still).view(-1, 2, 3)
        warped = F.grid_sample(
            x, F.affine_grid(theta, x.shape, align_corners=False), padding_mode="border", align_corners=False
        )
        return self.body(warped) + F.interpolate(x, scale_factor=2.0, mode="bicubic", align_corners=False)


class Video(nn.Module):
    """Convolutions over time and place, mixed by attention, pooled."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv3d(3, 8, (3, 5, 5), stride=(1, 2, 2), padding=(1, 2, 2), bias=False), nn.BatchNorm3d(8), nn.ReLU6()
        )
        self.pool = nn.MaxPool3d((1, 2, 2))
        self.split = nn.Sequential(
            nn.Conv3d(8, 16, (1, 3, 3), padding=(0, 1, 1)),
            nn.InstanceNorm3d(16, affine=True),
            nn.Softplus(),
            nn.Conv3d(16, 16, (3, 1, 1), padding=(1, 0, 0), groups=2),
            nn.AvgPool3d(2, ceil_mode=True, count_include_pad=False),
        )
        self.mix = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True, activation="gelu", norm_first=True)
        self.up = nn.ConvTranspose3d(16, 4, 2, stride=2)
        self.out = nn.Parameter(torch.randn(6, 16, 4))

    def forward(self, x):
        y = self.split(self.pool(self.stem(x)))
        tokens = self.mix(y.mean((3, 4)).transpose(1, 2)).mean(1)
        return torch.einsum("bi,bj,oij->bo", tokens, F.adaptive_avg_pool3d(self.up(y), 1).flatten(1), self.out), y


PICTURES = [
    {"batch": 2, "height": 64, "width": 96},
    {"batch": 1, "height": 32, "width": 32},
    {"batch": 3, "height": 96, "width": 64},
]
ODD = [*PICTURES, {"batch": 1, "height": 45, "width": 71}]
PICTURE = ["batch", 3, "height", "width"]

ARCHITECTURES = [
    Architecture(
        "swin", functools.partial(swin, 1, [2, 1]), {"x": PICTURE}, PICTURES, ["logits"], torchscript=17, dynamo=18
    ),
    Architecture(
        "swin_v2", functools.partial(swin, 2, [2]), {"x": PICTURE}, PICTURES, ["logits"], torchscript=14, dynamo=22
    ),
    Architecture("segformer", SegFormer, {"x": PICTURE}, ODD, ["labels", "logits"], torchscript=14, dynamo=20),
    Architecture("deeplab", DeepLab, {"x": PICTURE}, ODD, ["out", "aux"], torchscript=11, dynamo=18),
    Architecture(
        "diffusion",
        Diffusion,
        {"x": ["batch", 4, "height", "width"], "step": ["batch"], "text": ["batch", "length", 16]},
        [
            {"batch": 2, "height": 12, "width": 16, "length": 7},
            {"batch": 1, "height": 8, "width": 8, "length": 1},
            {"batch": 3, "height": 16, "width": 10, "length": 12},
        ],
        ["noise"],
        torchscript=20,
        dynamo=23,
        values={"step": ["int64", 0, 1000]},
    ),
    Architecture(
        "early_exit",
        EarlyExit,
        {"x": PICTURE},
        ODD,
        ["logits", "certain"],
        torchscript=14,
        dynamo=18,
        script=ScriptedEarlyExit,
        inline=False,
    ),
    Architecture(
        "flow",
        flow,
        {"first": PICTURE, "second": PICTURE},
        [{"batch": 2, "height": 128, "width": 136}, {"batch": 1, "height": 128, "width": 128}],
        ["flow"],
        torchscript=16,
        dynamo=20,
        inline=False,
    ),
    Architecture(
        "super_resolution",
        SuperResolution,
        {"x": PICTURE},
        [
            {"batch": 2, "height": 20, "width": 24},
            {"batch": 1, "height": 9, "width": 13},
            {"batch": 3, "height": 32, "width": 32},
        ],
        ["picture"],
        torchscript=20,
        dynamo=21,
        fixed={"dynamo": ["height", "width"]},
    ),
    Architecture(
        "video",
        Video,
        {"x": ["batch", 3, "time", "height", "width"]},
        [
            {"batch": 2, "time": 8, "height": 32, "width": 40},
            {"batch": 1, "time": 4, "height": 24, "width": 24},
            {"batch": 3, "time": 6, "height": 20, "width": 36},
        ],
        ["logits", "features"],
        torchscript=14,
        dynamo=21,
        fixed={"torchscript": ["batch", "time"]},
    ),
]
