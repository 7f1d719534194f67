// Boxes of text cut out of a picture.
#pragma once

#include "picture.h"
#include "quad.h"

namespace read_text {

// What the box shows, straightened: the projection that takes the quad to an upright rectangle of its size, by bicubic
// interpolation. Boxes much higher than wide are turned left, so that a line that runs down runs right.
Picture Cut(const Picture& picture, const Quad& quad);

}  // namespace read_text
