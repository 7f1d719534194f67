// The rules between the old broadcast attributes and today's broadcasting, for all operators that
// had them.
#pragma once

#include "support/rewrite.h"

namespace tenon::operators {

// Revision 1 (broadcast, axis: B's dimensions stand at A's from `axis` on) -> 7 (from the last
// dimension on), and back.
Status BroadcastFromAxis(Rewriter& rewriter);
Status BroadcastToAxis(Rewriter& rewriter);

}  // namespace tenon::operators
