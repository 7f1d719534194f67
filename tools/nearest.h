// What somebody may have meant.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace tenon::tools {

// The known word that is nearest to `word` (Levenshtein distance, capitals apart), or "" where none is near.
std::string Nearest(std::string_view word, std::span<const std::string> known);
// "; did you mean 'known'?", or "".
std::string DidYouMean(std::string_view word, std::span<const std::string> known);

}  // namespace tenon::tools
