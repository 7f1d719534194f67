// Results of tests as JUnit's XML, which CI systems read.
#pragma once

#include <memory>
#include <string>

namespace pugi {
class xml_document;
}

namespace tenon::tools {

class JunitReport {
 public:
  enum class Result { kPassed, kFailed, kSkipped };

  explicit JunitReport(const std::string& suite);
  ~JunitReport();
  void Add(const std::string& test, Result result, const std::string& reason);
  // Throws Failure(kNotWritable).
  void Write(const std::string& path);

 private:
  std::unique_ptr<pugi::xml_document> document_;
  size_t counts_[3] = {};
};

}  // namespace tenon::tools
