// A table for the terminal.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tenon::tools {

class Table {
 public:
  // One column for each title; align has an 'l' or 'r' for each. A column without any content is left out.
  Table(std::vector<std::string> titles, std::string_view align);
  void Add(std::vector<std::string> cells);
  bool empty() const { return rows_.size() == 1; }
  // Columns are padded to their widest cell and two spaces apart; each line begins with `indent` spaces and ends with \n.
  std::string Text(size_t indent = 0) const;

 private:
  std::string align_;
  std::vector<std::vector<std::string>> rows_;  // the first: titles
};

// Characters that a UTF-8 text shows, where each code point takes one place.
size_t Width(std::string_view text);
// 1234567 bytes as "1.23 MB"; times as "1.234 ms", "12.3 us"; counts as "1.23 G".
std::string Bytes(double bytes);
std::string Seconds(double seconds);
std::string Count(double count);
// A share of 1: "12 %", "1.2 %", "<0.1 %".
std::string Percent(double share);

// Columns of the terminal on stdout; 0 where it is none.
size_t TerminalWidth();

// On stderr, and only where that is a terminal: the last line is replaced; an empty text removes it.
void Progress(const std::string& text);

}  // namespace tenon::tools
