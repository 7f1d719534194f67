"""Detection: anchors with regression, two stages, one stage without anchors, a set of queries."""

import torch
import torch.nn.functional as F
import torchvision
import transformers
from torch import nn
from torchvision.models import detection
from torchvision.models.detection.anchor_utils import AnchorGenerator

from .architecture import Architecture


class Backbone(nn.Sequential):
    """Three strides as a feature pyramid."""

    def __init__(self, width=16, levels=3):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, width, 7, stride=4, padding=3), nn.BatchNorm2d(width), nn.ReLU())
        self.stages = nn.ModuleList(
            nn.Sequential(nn.Conv2d(width, width, 3, stride=2, padding=1), nn.BatchNorm2d(width), nn.ReLU())
            for _ in range(levels - 1)
        )
        self.pyramid = torchvision.ops.FeaturePyramidNetwork([width] * levels, width)
        self.out_channels = width

    def forward(self, x):
        x = self.stem(x)
        levels = {"0": x}
        for i, stage in enumerate(self.stages):
            x = stage(x)
            levels[str(i + 1)] = x
        return self.pyramid(levels)


def nms_by_class(boxes, scores, classes, threshold):
    """torchvision's batched_nms without its question whether there are boxes, which torch.export cannot answer."""
    return torchvision.ops.nms(boxes + (classes.to(boxes) * (boxes.max() + 1.0))[:, None], scores, threshold)


torchvision.ops.boxes.batched_nms = nms_by_class


class Detector(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        found = self.model(list(x))
        return tuple(t for f in found for t in (f["boxes"], f["scores"], f["labels"]))


def lively(model):
    """Weights that carry the picture to the end: scores of neighbours must not be ties that rounding decides."""
    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="linear" if "bbox" in name or "fpn" in name else "relu")
    return model


def retinanet():
    anchors = AnchorGenerator(((16, 24), (32, 48), (64, 96)), ((0.5, 1.0, 2.0),) * 3)
    model = detection.RetinaNet(
        Backbone(),
        5,
        min_size=96,
        max_size=160,
        anchor_generator=anchors,
        detections_per_img=20,
        topk_candidates=60,
        score_thresh=0.05,
        nms_thresh=0.4,
    )
    return lively(Detector(model))


def faster_rcnn():
    anchors = AnchorGenerator(((16,), (32,), (64,)), ((0.5, 1.0, 2.0),) * 3)
    pool = torchvision.ops.MultiScaleRoIAlign(["0", "1", "2"], 5, 2)
    head = detection.faster_rcnn.TwoMLPHead(16 * 25, 48)
    model = detection.FasterRCNN(
        Backbone(),
        min_size=96,
        max_size=160,
        rpn_anchor_generator=anchors,
        box_roi_pool=pool,
        box_head=head,
        box_predictor=detection.faster_rcnn.FastRCNNPredictor(48, 4),
        rpn_pre_nms_top_n_test=60,
        rpn_post_nms_top_n_test=30,
        box_detections_per_img=15,
        box_score_thresh=0.1,
        rpn_nms_thresh=0.6,
    )
    return lively(Detector(model))


class TwoStages(nn.Module):
    """What of it the other exporter takes: proposals suppressed, pooled from the features, classified."""

    def __init__(self):
        super().__init__()
        self.backbone = Backbone()
        self.objectness, self.delta = nn.Conv2d(16, 1, 1), nn.Conv2d(16, 4, 3, padding=1)
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(16 * 25, 48), nn.ReLU())
        self.label, self.box = nn.Linear(48, 4), nn.Linear(48, 4)

    def forward(self, x):
        level = self.backbone(x)["1"]
        height, width = level.shape[-2:]
        y, xs = torch.meshgrid(torch.arange(height) * 8.0, torch.arange(width) * 8.0, indexing="ij")
        centre = torch.stack([xs.flatten(), y.flatten()], -1)
        delta = self.delta(level)[0].flatten(1).T
        size = 16 * torch.exp(delta[:, 2:].clamp(max=1.5))
        boxes = torch.cat([centre + delta[:, :2] * 8 - size, centre + delta[:, :2] * 8 + size], -1)
        boxes = torch.stack([boxes[:, 0::2].clamp(0, x.shape[3]), boxes[:, 1::2].clamp(0, x.shape[2])], -1).flatten(1)
        best, which = self.objectness(level).flatten().topk(40)
        boxes = boxes[which]
        boxes = boxes[torchvision.ops.nms(boxes, best, 0.6)]
        found = self.head(
            torchvision.ops.roi_align(level, [boxes], 5, spatial_scale=0.125, sampling_ratio=2, aligned=True)
        )
        return boxes + self.box(found), self.label(found).softmax(-1)


class Conv(nn.Sequential):
    def __init__(self, inputs, outputs, size=1, stride=1):
        super().__init__(
            nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False), nn.BatchNorm2d(outputs), nn.SiLU()
        )


class Yolo(nn.Module):
    """Split and joined stages, pooled pyramid, boxes as distributions over distances, suppression by class."""

    BINS = 8

    def __init__(self, classes=4, width=12):
        super().__init__()
        self.stem = nn.Sequential(Conv(3, width, 3, 2), Conv(width, 2 * width, 3, 2))
        self.split = nn.ModuleList([Conv(2 * width, 2 * width), Conv(width, width, 3), Conv(3 * width, 2 * width)])
        self.deeper = Conv(2 * width, 2 * width, 3, 2)
        self.pools = nn.MaxPool2d(5, 1, 2)
        self.join = Conv(8 * width, 2 * width)
        self.merge = Conv(4 * width, 2 * width, 3)
        self.heads = nn.ModuleList(nn.Conv2d(2 * width, 4 * self.BINS + classes, 1) for _ in range(2))
        self.classes = classes

    def features(self, x):
        x = self.stem(x)
        a, b = self.split[0](x).chunk(2, 1)
        near = self.split[2](torch.cat([a, b, b + self.split[1](b)], 1))
        far = self.deeper(near)
        pools = [far]
        for _ in range(3):
            pools.append(self.pools(pools[-1]))
        far = self.join(torch.cat(pools, 1))
        near = self.merge(torch.cat([near, F.interpolate(far, scale_factor=2.0, mode="nearest")], 1))
        return [(near, 4), (far, 8)]

    def forward(self, x):
        boxes, scores = [], []
        for head, (level, stride) in zip(self.heads, self.features(x)):
            height, width = level.shape[-2:]
            out = head(level).flatten(2)
            distances, classes = out.split([4 * self.BINS, self.classes], 1)
            distances = distances.unflatten(1, (4, self.BINS)).softmax(2).transpose(1, 2)
            distances = (distances * torch.arange(self.BINS)[None, :, None, None]).sum(1)
            y, xs = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
            centre = torch.stack([xs.flatten(), y.flatten()])
            boxes.append(torch.cat([centre - distances[:, :2], centre + distances[:, 2:]], 1) * stride)
            scores.append(classes.sigmoid())
        boxes, scores = torch.cat(boxes, 2).transpose(1, 2), torch.cat(scores, 2).transpose(1, 2)
        best, label = scores[0].max(-1)
        best, which = best.topk(50)
        keep = torchvision.ops.nms(boxes[0][which] + (label[which] * 4096.0)[:, None], best, 0.3)
        return boxes, scores, boxes[0][which][keep], best[keep], label[which][keep]


class Detr(nn.Module):
    """Residual network, encoder over its pixels, decoder of learned queries."""

    def __init__(self):
        super().__init__()
        backbone = transformers.ResNetConfig(
            embedding_size=8, hidden_sizes=[8, 16, 24], depths=[1, 1, 1], layer_type="basic", out_features=["stage3"]
        )
        config = transformers.DetrConfig(
            backbone_config=backbone,
            d_model=32,
            encoder_layers=1,
            decoder_layers=2,
            encoder_ffn_dim=48,
            decoder_ffn_dim=48,
            encoder_attention_heads=4,
            decoder_attention_heads=4,
            num_queries=9,
            num_labels=5,
            use_timm_backbone=False,
            use_pretrained_backbone=False,
            backbone=None,
            num_channels=3,
        )
        self.model = transformers.DetrForObjectDetection(config)

    def forward(self, x, mask):
        out = self.model(pixel_values=x, pixel_mask=mask)
        return out.logits, out.pred_boxes


PICTURES = [
    {"batch": 2, "height": 64, "width": 96},
    {"batch": 1, "height": 96, "width": 64},
    {"batch": 3, "height": 128, "width": 160},
]
SINGLE = [{"height": 80, "width": 96}, {"height": 120, "width": 64}, {"height": 75, "width": 151}]
PICTURE = ["batch", 3, "height", "width"]

ARCHITECTURES = [
    Architecture(
        "retinanet",
        retinanet,
        {"x": [1, 3, "height", "width"]},
        SINGLE,
        ["boxes", "scores", "labels"],
        torchscript=11,
        dynamo=18,
        values={"x": ["float32", 0, 1]},
    ),
    Architecture(
        "faster_rcnn",
        TwoStages,
        {"x": [1, 3, "height", "width"]},
        SINGLE,
        ["boxes", "scores", "labels"],
        torchscript=16,
        dynamo=18,
        script=faster_rcnn,
        values={"x": ["float32", 0, 1]},
    ),
    Architecture(
        "yolo",
        Yolo,
        {"x": PICTURE},
        PICTURES,
        ["boxes", "scores", "kept", "kept_scores", "labels"],
        torchscript=14,
        dynamo=20,
    ),
    Architecture(
        "detr",
        Detr,
        {"x": PICTURE, "mask": ["batch", "height", "width"]},
        PICTURES,
        ["logits", "boxes"],
        torchscript=14,
        dynamo=18,
        values={"mask": ["int64", 1, 2]},
    ),
]
