#include "junit.h"

#include <pugixml.hpp>
#include <sstream>

#include "files.h"

namespace tenon::tools {

JunitReport::JunitReport(const std::string& suite)
    : document_(std::make_unique<pugi::xml_document>()) {
  document_->append_child("testsuite").append_attribute("name") = suite.c_str();
}

JunitReport::~JunitReport() = default;

void JunitReport::Add(const std::string& test, Result result, const std::string& reason) {
  ++counts_[static_cast<size_t>(result)];
  pugi::xml_node node = document_->first_child().append_child("testcase");
  node.append_attribute("name") = test.c_str();
  if (result == Result::kPassed) return;
  node.append_child(result == Result::kFailed ? "failure" : "skipped").append_attribute("message") =
      reason.c_str();
}

void JunitReport::Write(const std::string& path) {
  pugi::xml_node suite = document_->first_child();
  suite.append_attribute("tests") = std::to_string(counts_[0] + counts_[1] + counts_[2]).c_str();
  suite.append_attribute("failures") = std::to_string(counts_[1]).c_str();
  suite.append_attribute("skipped") = std::to_string(counts_[2]).c_str();
  std::ostringstream text;
  document_->save(text, "  ");
  const std::string xml = text.str();
  WriteFile(path, "", xml.data(), xml.size());
}

}  // namespace tenon::tools
